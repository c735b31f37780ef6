/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FREERTOS_DNS_H
#define FREERTOS_DNS_H

#include "FreeRTOS_Sockets.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ipconfigDNS_CACHE_NAME_LENGTH (254U)

struct freertos_addrinfo {
  BaseType_t ai_flags;
  BaseType_t ai_family;
  BaseType_t ai_socktype;
  BaseType_t ai_protocol;
  socklen_t ai_addrlen;
  struct freertos_sockaddr* ai_addr;
  char* ai_canonname;
  struct freertos_addrinfo* ai_next;
  struct {
    struct freertos_sockaddr sockaddr;
    char ucName[ipconfigDNS_CACHE_NAME_LENGTH];
  } xPrivateStorage;
};

typedef void (*FOnDNSEvent)(const char*, void*, struct freertos_addrinfo*);

BaseType_t FreeRTOS_getaddrinfo_a(const char* pcName, const char* pcService,
                                  const struct freertos_addrinfo* pxHints,
                                  struct freertos_addrinfo** ppxResult, FOnDNSEvent pCallback,
                                  void* pvSearchID, TickType_t uxTimeout);
void FreeRTOS_gethostbyname_cancel(void* pvSearchID);
void FreeRTOS_freeaddrinfo(struct freertos_addrinfo* pxInfo);

#ifdef __cplusplus
}
#endif

#endif /* FREERTOS_DNS_H */
