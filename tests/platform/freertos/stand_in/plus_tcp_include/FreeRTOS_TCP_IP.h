/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FREERTOS_TCP_IP_H
#define FREERTOS_TCP_IP_H

typedef enum eTCP_STATE {
  eCLOSED = 0U,
  eTCP_LISTEN,
  eCONNECT_SYN,
  eSYN_FIRST,
  eSYN_RECEIVED,
  eESTABLISHED,
  eFIN_WAIT_1,
  eFIN_WAIT_2,
  eCLOSE_WAIT,
  eCLOSING,
  eLAST_ACK,
  eTIME_WAIT
} eIPTCPState_t;

#endif /* FREERTOS_TCP_IP_H */
