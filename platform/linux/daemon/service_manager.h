// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "port/clock.h"

namespace connect_auth::program {

/// What systemd, or anything that speaks its documented interfaces, is told and asked:
/// sd_notify(3), sd_watchdog_enabled(3), sd_listen_fds(3). Without a service manager all of it does
/// nothing.
///
/// The interfaces are stable and small; libsystemd would bring 0.9 MB of library into each gateway,
/// and is missing where there is no systemd.
class ServiceManager {
 public:
  /// Takes what the service manager says out of the environment, so that no child inherits it.
  ServiceManager();
  ~ServiceManager();
  ServiceManager(const ServiceManager&) = delete;
  ServiceManager& operator=(const ServiceManager&) = delete;

  /// The socket that was made for us; -1: none.
  int listening_socket() const { return listening_socket_; }

  void Ready() { Send("READY=1"); }
  /// To be followed by `Ready()`.
  void Reloading();
  void Stopping() { Send("STOPPING=1"); }
  /// A line for people, without secrets.
  void Tell(std::string_view status);

  /// Says that all is well, if it is time for that.
  ///
  /// @return  When to call again; never: nobody watches.
  Instant Feed(Instant now);

 private:
  void Send(std::string_view state);

  int notify_socket_ = -1;
  int listening_socket_ = -1;
  Millis watchdog_{0};  // Between two signs of life; 0: nobody wants any.
  Instant next_feed_ = Instant::Never();
  std::string last_status_;
};

}  // namespace connect_auth::program
