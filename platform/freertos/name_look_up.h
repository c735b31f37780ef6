// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "FreeRTOS.h"
#include "lwip/ip_addr.h"
#include "lwip/priv/tcpip_priv.h"
#include "port/status.h"
#include "task.h"

namespace connect_auth::freertos {

/// Asks lwIP's resolver for an address, without waiting for it as getaddrinfo() does. Private to
/// platform/freertos.
///
/// All that this object holds belongs to lwIP: it is touched by lwIP's own thread, or while
/// that is kept out (`tcpip_api_call`, as lwIP's netifapi does it). So the answer needs no other
/// lock, and it may come late: a question cannot be taken back, but who asked leaves the list of
/// those that wait.
class NameLookUp final {
 public:
  constexpr NameLookUp() = default;
  NameLookUp(const NameLookUp&) = delete;
  NameLookUp& operator=(const NameLookUp&) = delete;
  ~NameLookUp() { Abandon(); }

  /// Asks, or looks whether the answer is there. The calling task is notified (index 0) when it is.
  ///
  /// @param host  A name or a numeric address, NUL-terminated. Borrowed during the call; the same
  /// in
  ///              every call until one does not return kPending.
  /// @param kind  LWIP_DNS_ADDRTYPE_IPV4 or LWIP_DNS_ADDRTYPE_IPV6.
  /// @return kOk           `into` is the address; the next call asks anew.
  /// @return kPending      Not yet; or the resolver has no room for another question: call again.
  /// @return kUnavailable  There is no such name, no such address of it, or no answer: lwIP tells
  ///                       none from the other. The next call asks anew.
  Status Resolve(const char* host, std::uint8_t kind, ip_addr_t& into);

  /// Forgets the question, if there is one.
  void Abandon();

 private:
  struct Call;

  static err_t InResolve(tcpip_api_call_data* data);
  static err_t InAbandon(tcpip_api_call_data* data);
  static void OnFound(const char* name, const ip_addr_t* address, void* number);

  Status Ask(const Call& call);
  void Enlist();
  void Leave();

  ip_addr_t address_{};
  NameLookUp* next_ = nullptr;  // Of those that wait for an answer.
  TaskHandle_t asker_ = nullptr;
  std::uintptr_t number_ = 0;  // Tells the answer from those to earlier questions.
  bool waits_ = false;
  Status answer_ = Status::kPending;
};

}  // namespace connect_auth::freertos
