/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FREERTOS_SOCKETS_H
#define FREERTOS_SOCKETS_H

#include <stddef.h>

#include "FreeRTOS_IP.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FREERTOS_AF_INET (2)
#define FREERTOS_AF_INET6 (10)
#define FREERTOS_SOCK_STREAM (1)
#define FREERTOS_IPPROTO_TCP (6)
#define FREERTOS_SO_RCVTIMEO (0)
#define FREERTOS_SO_SNDTIMEO (1)
#define FREERTOS_SO_WAKEUP_CALLBACK (17)
#define FREERTOS_SHUT_RDWR (2)

#define socklen_t uint32_t

struct freertos_sockaddr {
  uint8_t sin_len;
  uint8_t sin_family;
  uint16_t sin_port;
  uint32_t sin_flowinfo;
  IP_Address_t sin_address;
};

struct xSOCKET;
typedef struct xSOCKET* Socket_t;
typedef struct xSOCKET const* ConstSocket_t;
typedef void (*SocketWakeupCallback_t)(Socket_t pxSocket);

Socket_t FreeRTOS_socket(BaseType_t xDomain, BaseType_t xType, BaseType_t xProtocol);
BaseType_t xSocketValid(const ConstSocket_t xSocket);
BaseType_t FreeRTOS_setsockopt(Socket_t xSocket, int32_t lLevel, int32_t lOptionName,
                               const void* pvOptionValue, size_t uxOptionLength);
BaseType_t xSocketSetSocketID(const Socket_t xSocket, void* pvSocketID);
void* pvSocketGetSocketID(const ConstSocket_t xSocket);
BaseType_t FreeRTOS_connect(Socket_t xClientSocket, const struct freertos_sockaddr* pxAddress,
                            socklen_t xAddressLength);
BaseType_t FreeRTOS_send(Socket_t xSocket, const void* pvBuffer, size_t uxDataLength,
                         BaseType_t xFlags);
BaseType_t FreeRTOS_recv(Socket_t xSocket, void* pvBuffer, size_t uxBufferLength,
                         BaseType_t xFlags);
BaseType_t FreeRTOS_shutdown(Socket_t xSocket, BaseType_t xHow);
BaseType_t FreeRTOS_closesocket(Socket_t xSocket);
BaseType_t FreeRTOS_connstatus(ConstSocket_t xSocket);
BaseType_t FreeRTOS_rx_size(ConstSocket_t xSocket);
BaseType_t FreeRTOS_tx_space(ConstSocket_t xSocket);
BaseType_t FreeRTOS_inet_pton(BaseType_t xAddressFamily, const char* pcSource, void* pvDestination);

#ifdef __cplusplus
}
#endif

#endif /* FREERTOS_SOCKETS_H */
