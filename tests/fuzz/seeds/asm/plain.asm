; A projection: one tile, one product, written out.
S_ADDI_INT gp1, gp0, 128      ; an immediate
S_LUI_INT gp2, 64             // another comment
C_SET_ADDR_REG a1, gp0, gp1
H_PREFETCH_M gp0, gp0, a1, 1, 0
C_LOOP_START gp4, 8
M_MM 0, gp2, gp3
C_LOOP_END gp4
M_MM_WO gp1, gp0, 0
V_ADD_VV gp1, gp2, gp3
V_ADD_VV gp1, gp2, gp3, 1
V_EXP_V gp1, gp1, 16
