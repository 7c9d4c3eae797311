S_LD_FP f1, gp1, 0
C_LOOP_START gp1, x
V_RED_SUM f1, gp1
C_LOOP_END gp1
; Online Softmax
H_PREFETCH_M gp1, gp2, a0, 1, 0
C_BREAK
