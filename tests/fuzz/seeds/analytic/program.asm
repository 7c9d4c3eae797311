; RMS Norm
C_LOOP_START gp1, 10
  M_MM 0, gp1, gp2
  C_LOOP_START gp2, 4294967295
    V_ADD_VV gp1, gp1, gp2, 0
  C_LOOP_END gp2
C_LOOP_END gp1
; FFN Gate
S_MAP_V_FP gp1, gp2, 0
