s_add_int gp1, gp2, gp3
S_ADDD_INT gp1, gp2, gp3
loop: C_BREAK
# comment
.word 0x00000074
S_SLLI_INT gp1, gp2, 6
