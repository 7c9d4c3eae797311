V_EXP_V gp1, gp2, 1
M_BMM_WO gp5, 64
V_RED_SUM f3, gp2, 1, 0
S_ADD_INT gp16, gp0, gp0
V_SUB_VF gp1, gp2, f3, -1, 1
M_MM 15, gp2, gp4
M_BMM gp1, gp2, gp3
H_PREFETCH_V gp3, gp2, a0, 0, 0, 0
