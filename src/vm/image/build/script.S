/* The bytes of build.sh; src/cmake/Vm.cmake tells where it is. */
	.section .rodata
	.global vm_build_script
	.global vm_build_script_size
vm_build_script:
	.incbin "build.sh"
.Lend:
	.byte 0
	.balign 8
vm_build_script_size:
	.quad .Lend - vm_build_script
	.section .note.GNU-stack,"",%progbits
