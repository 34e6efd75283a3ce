/* The bytes of build.sh; src/cmake/Vm.cmake tells where it is. */
	.section .rodata
	.global vm_build_script
	.global vm_build_script_end
vm_build_script:
	.incbin "build.sh"
vm_build_script_end:
	.byte 0
	.section .note.GNU-stack,"",%progbits
