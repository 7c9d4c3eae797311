; y = x W by hand, on a machine of 16 lanes with blocks of 4 x 4.
; HBM holds x at byte 0, 4 rows of 16 numbers, and W at byte 128, 16 rows of 16 of which 4 columns
; count. Behind the numbers of each come the scales of its blocks of eight.

; Rows are 16 numbers apart, in x and in W.
S_ADDI_INT gp1, gp0, 16
C_SET_STRIDE_REG gp1

; The four rows of x go to the Vector SRAM, from address 0 on. Their scales start 64 bytes on.
C_SET_ADDR_REG a0, gp0, gp0
S_ADDI_INT gp2, gp0, 64
C_SET_SCALE_REG gp2
H_PREFETCH_V gp0, gp0, a0, 1, 0

; W goes to tile 0 of the Matrix SRAM. Its scales start 256 bytes on.
S_ADDI_INT gp3, gp0, 128
C_SET_ADDR_REG a1, gp0, gp3
S_ADDI_INT gp4, gp0, 256
C_SET_SCALE_REG gp4
H_PREFETCH_M gp0, gp0, a1, 1, 0

; Four rows times four columns: 16 dot products of 16 numbers.
M_MM 0, gp0, gp0
; The accumulators go to rows 4 to 7 of the Vector SRAM, and are cleared.
M_MM_WO gp0, gp0, 64
