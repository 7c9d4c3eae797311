S_ADD_INT gp1, gp2
S_ADD_INT gp1 gp2 gp3
S_ADD_INT gp1, 2, gp3
S_ADDI_INT gp1, gp2, 0x10
S_ADD_INT gp1,, gp3
S_ADD_INT R1, r2, r3
C_LOOP_END gp1, 0, 0, 0, 0, 0, 0
V_SUB_VF gp1, gp2, f3, f0, 1
