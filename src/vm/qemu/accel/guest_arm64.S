/*
 * The test guest for arm64: a raw image for QEMU's machine "virt" that turns pages
 * and caches on, uses vector registers, memory that the host has not seen yet and
 * the timer, says "guest ok" on the PL011 and switches off by PSCI.
 *
 * Not built: guest.c has its bytes, so that any compiler for any machine will do.
 *     aarch64-linux-gnu-as guest_arm64.S -o g.o
 *     aarch64-linux-gnu-ld -Ttext 0x40080000 -e _start g.o -o g.elf
 *     aarch64-linux-gnu-objcopy -O binary g.elf g.bin
 */
	.text
	.globl _start
_start:
	adr	x10, _start
	/* tables: 1 GiB blocks; 0: devices, 1: memory */
	mov	x0, #0x200000
	add	x0, x10, x0
	and	x0, x0, #~0xfff
	mov	x1, #0x1000
	mov	x2, x0
1:	str	xzr, [x2], #8
	subs	x1, x1, #8
	b.ne	1b
	mov	x1, #0x401		/* block, AF, attribute 0 */
	str	x1, [x0]
	mov	x1, #0x705		/* block, AF, inner shareable, attribute 1 */
	movk	x1, #0x4000, lsl #16
	str	x1, [x0, #8]
	mov	x1, #0xff00
	msr	mair_el1, x1
	mov	x1, #0x3019		/* T0SZ 25, shareable, walks not cached */
	movk	x1, #0x80, lsl #16	/* no TTBR1 */
	movk	x1, #1, lsl #32		/* 36 bits */
	msr	tcr_el1, x1
	msr	ttbr0_el1, x0
	dsb	sy
	tlbi	vmalle1
	ic	iallu
	dsb	sy
	isb
	mrs	x1, sctlr_el1
	mov	x2, #0x1005		/* M, C, I */
	orr	x1, x1, x2
	msr	sctlr_el1, x1
	mov	x1, #3 << 20		/* floating point */
	msr	cpacr_el1, x1
	isb
	mov	x9, #20			/* rounds */
	mrs	x8, cntfrq_el0
	mov	x1, #1000
	udiv	x8, x8, x1		/* 1 ms */
round:	mrs	x1, midr_el1
	mrs	x1, id_aa64pfr0_el1
	/* 4096 pages of 4 KiB, beyond what was touched */
	mov	x2, #0x41000000
	mov	x3, #0x1000
2:	dup	v0.2d, x2
	str	q0, [x2]
	ldr	x4, [x2, #8]
	cmp	x4, x2
	b.ne	off
	add	x2, x2, #0x1000
	subs	x3, x3, #1
	b.ne	2b
	tlbi	vmalle1
	dsb	sy
	isb
	msr	cntv_tval_el0, x8
	mov	x1, #3			/* on, no interrupt */
	msr	cntv_ctl_el0, x1
	isb
3:	mrs	x1, cntv_ctl_el0
	tbz	x1, #2, 3b
	subs	x9, x9, #1
	b.ne	round
	adr	x1, said
	mov	x2, #0x09000000		/* the PL011 */
4:	ldrb	w3, [x1], #1
	cbz	w3, off
	str	w3, [x2]
	b	4b
off:	mov	x0, #8			/* PSCI SYSTEM_OFF */
	movk	x0, #0x8400, lsl #16
	hvc	#0
5:	wfi
	b	5b
said:	.asciz "guest ok\n"
	.balign 4
