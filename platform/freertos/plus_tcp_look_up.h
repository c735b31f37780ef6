// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "FreeRTOS.h"
#include "FreeRTOS_IP.h"
#include "port/clock.h"
#include "port/status.h"
#include "task.h"

struct freertos_addrinfo;

namespace connect_auth::freertos {

/// Asks FreeRTOS-Plus-TCP's resolver for an address, without waiting for it. Private to
/// platform/freertos.
///
/// The answer comes in a call by the IP task, and may do so although the question was taken back a
/// moment ago. So the resolver is not given this object but a number, and who asked is in a list
/// that is looked at in a critical section, as is all that an answer changes.
class PlusTcpLookUp final {
 public:
  constexpr PlusTcpLookUp() = default;
  PlusTcpLookUp(const PlusTcpLookUp&) = delete;
  PlusTcpLookUp& operator=(const PlusTcpLookUp&) = delete;
  ~PlusTcpLookUp() { Abandon(); }

  /// Asks, or looks whether the answer is there. The calling task is notified (index 0) when it is.
  ///
  /// @param host    A name, NUL-terminated. Borrowed during the call; the same in every call until
  ///                one does not return kPending.
  /// @param family  FREERTOS_AF_INET or FREERTOS_AF_INET6. Likewise.
  /// @return kOk           `into` is the address; the next call asks anew.
  /// @return kPending      Not yet.
  /// @return kUnavailable  No answer within kQuestions times kPatience. Of no such name, and of no
  ///                       such address of it, the resolver says nothing. The next call asks anew.
  Status Resolve(const char* host, BaseType_t family, IP_Address_t& into);

  /// Forgets the question, if there is one.
  void Abandon();

  /// The resolver sends a question once, and where the name server's Ethernet address is not known
  /// yet, what leaves in its place is the question for that.
  static constexpr int kQuestions = 4;
  static constexpr Millis kPatience{1500};

 private:
  static void OnFound(const char* name, void* number, freertos_addrinfo* found);

  void Ask(const char* host, BaseType_t family);
  bool TakeAnswer(IP_Address_t& into);
  void Enlist();
  void Withdraw();

  IP_Address_t address_{};
  PlusTcpLookUp* next_ = nullptr;  // Of those that wait for an answer.
  TaskHandle_t asker_ = nullptr;
  std::uintptr_t number_ = 0;  // Tells the answer from those to earlier questions.
  TickType_t asked_at_ = 0;
  std::uint8_t questions_ = 0;  // That were asked so far; 0: nothing to take back.
  bool is_answered_ = false;
};

}  // namespace connect_auth::freertos
