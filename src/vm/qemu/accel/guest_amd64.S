/*
 * The test guest for amd64: a boot sector that does what KVM without real
 * virtualization under it fails at: real mode, long mode with pages, timer
 * interrupts, SSE, memory that the host has not seen yet. Says "guest ok" on the
 * first serial port and resets, which ends a QEMU with -no-reboot.
 *
 * Not built: guest.c has its bytes, so that any compiler for any machine will do.
 *     as --64 guest_amd64.S -o g.o
 *     ld -m elf_x86_64 -Ttext 0x7c00 --oformat binary -e _start g.o -o g.bin
 */
	.intel_syntax noprefix
	.code16
	.globl _start
_start:
	cli
	xor ax, ax
	mov ds, ax
	mov es, ax
	mov ss, ax
	mov sp, 0x7c00
	cld
	/* zeroes: tables at 0x1000 (PML4), 0x2000 (PDPT), 0x3000 (PD), 0x4000 (IDT) */
	mov di, 0x1000
	mov cx, 0x2000
	rep stosw
	mov word ptr [0x1000], 0x2003
	mov word ptr [0x2000], 0x3003
	/* 16 pages of 2 MiB: present, writable, large */
	mov di, 0x3000
	mov eax, 0x83
1:	mov [di], eax
	add di, 8
	add eax, 0x200000
	cmp di, 0x3080
	jne 1b
	/* PIC: vectors from 0x20, only the timer; PIT: 1 kHz */
	mov al, 0x11
	out 0x20, al
	mov al, 0x20
	out 0x21, al
	mov al, 4
	out 0x21, al
	mov al, 1
	out 0x21, al
	mov al, 0xfe
	out 0x21, al
	mov al, 0x34
	out 0x43, al
	mov al, 0xa9
	out 0x40, al
	mov al, 0x04
	out 0x40, al
	mov eax, cr4
	or eax, 0x620	/* PAE, OSFXSR, OSXMMEXCPT */
	mov cr4, eax
	mov eax, 0x1000
	mov cr3, eax
	mov ecx, 0xc0000080	/* EFER: LME, SCE */
	rdmsr
	or eax, 0x101
	wrmsr
	lgdt [gdt_ptr]
	lidt [idt_ptr]
	mov eax, cr0
	and al, 0xfb	/* no EM */
	or eax, 0x80000003	/* PG, MP, PE */
	mov cr0, eax
	ljmp 8, offset long_mode

	.code64
long_mode:
	mov ax, 16
	mov ds, ax
	mov es, ax
	mov ss, ax
	mov esp, 0x7c00
	/* vector 0x20: the timer */
	mov edi, 0x4200
	mov eax, offset timer
	mov [rdi], ax
	mov word ptr [rdi+2], 8
	mov word ptr [rdi+4], 0x8e00
	xor r8d, r8d	/* ticks */
	/* an MSR keeps what it is given */
	mov ecx, 0xc0000082	/* LSTAR */
	mov eax, 0x12345678
	mov edx, 0x00007fff
	wrmsr
	xor eax, eax
	xor edx, edx
	rdmsr
	cmp eax, 0x12345678
	jne fail
	sti
round:
	/* CPUID; one word in each of 4096 new pages, by SSE; TLB; sleep */
	xor eax, eax
	cpuid
	mov edi, 0x1000000
	mov ecx, 0x1000
2:	movq xmm0, rdi
	movdqu [rdi], xmm0
	cmp [rdi], rdi
	jne fail
	add edi, 4096
	loop 2b
	mov rax, cr3
	mov cr3, rax	/* TLB */
	hlt	/* until the next tick */
	cmp r8d, 20
	jb round
	mov esi, offset said
say:	lodsb
	test al, al
	jz off
	mov dx, 0x3f8
	out dx, al
	jmp say
fail:
off:	mov al, 6	/* a reset: with -no-reboot QEMU ends */
	mov dx, 0xcf9
	out dx, al
	mov al, 0xfe
	out 0x64, al
	cli
	hlt
timer:
	push rax
	inc r8d
	mov al, 0x20
	out 0x20, al
	pop rax
	iretq

said:	.asciz "guest ok\n"
	.balign 8
gdt:	.quad 0
	.quad 0x00209a0000000000	/* code, 64 bit */
	.quad 0x0000920000000000	/* data */
gdt_ptr: .word 23
	.long gdt
idt_ptr: .word 0xfff
	.long 0x4000
	.org 510
	.word 0xaa55
