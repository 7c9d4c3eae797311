; a name with \ "quotes" and é
C_LOOP_START gp1, 3
	S_ADDI_INT gp2,gp2,(1+2)

C_LOOP_END gp1 ; end