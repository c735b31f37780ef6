// SPDX-License-Identifier: Apache-2.0
//
// The load of queries on a service that answers lines, and a service that does nothing else.
//
// usage: load SOCKET CLIENTS DEPTH SECONDS
//        load serve SOCKET ANSWER-BYTES
//
// Each client has DEPTH queries under way at once. Prints queries a second, and the median and the
// 99th percentile of the time to an answer in microseconds. With a depth above 1, that of the whole
// batch.

#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kQuery = "token\n";

int Die(const char* what) {
  std::perror(what);
  std::exit(1);
}

sockaddr_un AddressOf(const char* path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
  return address;
}

/// @return  Whether the peer is still there.
bool SendAll(int socket, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      return false;
    }
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

/// A batch of queries under way, again and again.
class Asker {
 public:
  Asker(const char* path, int depth) : depth_(depth) {
    const sockaddr_un address = AddressOf(path);
    socket_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
      Die(path);
    }
    for (int i = 0; i < depth; ++i) {
      batch_ += kQuery;
    }
  }

  void Ask() {
    missing_ = depth_;
    asked_ = Clock::now();
    if (!SendAll(socket_, batch_)) {
      Die("send");
    }
  }

  /// @return  Whether the batch was answered.
  bool Hear() {
    const ssize_t count = ::recv(socket_, room_.data(), room_.size(), 0);
    if (count <= 0) {
      Die("recv");
    }
    missing_ -= static_cast<int>(std::count(room_.begin(), room_.begin() + count, '\n'));
    return missing_ == 0;
  }

  double Microseconds() const {
    return std::chrono::duration<double, std::micro>(Clock::now() - asked_).count();
  }
  int socket() const { return socket_; }

 private:
  int socket_;
  int depth_;
  int missing_ = 0;
  std::string batch_;
  Clock::time_point asked_;
  std::array<char, 1 << 18> room_;
};

void Load(const char* path, int clients, int depth, double seconds) {
  std::vector<Asker> askers;
  std::vector<pollfd> wanted;
  askers.reserve(static_cast<std::size_t>(clients));
  for (int i = 0; i < clients; ++i) {
    askers.emplace_back(path, depth);
    wanted.push_back({askers.back().socket(), POLLIN, 0});
    askers.back().Ask();
  }
  std::vector<double> times;
  const Clock::time_point begin = Clock::now();
  const auto end = begin + std::chrono::duration<double>(seconds);
  while (Clock::now() < end) {
    ::poll(wanted.data(), wanted.size(), -1);
    for (std::size_t i = 0; i < askers.size(); ++i) {
      if (wanted[i].revents != 0 && askers[i].Hear()) {
        times.push_back(askers[i].Microseconds());
        askers[i].Ask();
      }
    }
  }
  const double took = std::chrono::duration<double>(Clock::now() - begin).count();
  std::sort(times.begin(), times.end());
  std::printf("%.0f %.1f %.1f\n", static_cast<double>(times.size()) * depth / took,
              times[times.size() / 2], times[times.size() * 99 / 100]);
}

/// Answers each line at once. One client after the other would not be fair: all are polled.
void Serve(const char* path, std::size_t answer_bytes) {
  const std::string answer = std::string(answer_bytes - 1, 'x') + '\n';
  const sockaddr_un address = AddressOf(path);
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(listener, 16) != 0) {
    Die(path);
  }
  std::vector<pollfd> wanted = {{listener, POLLIN, 0}};
  std::array<char, 2048> room;
  for (;;) {
    ::poll(wanted.data(), wanted.size(), -1);
    for (std::size_t i = wanted.size(); i-- > 1;) {
      if (wanted[i].revents == 0) {
        continue;
      }
      const ssize_t count = ::recv(wanted[i].fd, room.data(), room.size(), 0);
      std::string answers;
      for (ssize_t at = 0; at < count; ++at) {
        answers += room[static_cast<std::size_t>(at)] == '\n' ? answer : "";
      }
      if (count <= 0 || !SendAll(wanted[i].fd, answers)) {
        ::close(wanted[i].fd);
        wanted.erase(wanted.begin() + static_cast<std::ptrdiff_t>(i));
      }
    }
    if (wanted[0].revents != 0) {
      wanted.push_back({::accept(listener, nullptr, nullptr), POLLIN, 0});
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 4 && std::strcmp(argv[1], "serve") == 0) {
    Serve(argv[2], static_cast<std::size_t>(std::atol(argv[3])));
  } else if (argc == 5) {
    Load(argv[1], std::atoi(argv[2]), std::atoi(argv[3]), std::atof(argv[4]));
    return 0;
  }
  std::fputs("usage: load SOCKET CLIENTS DEPTH SECONDS | load serve SOCKET ANSWER-BYTES\n", stderr);
  return 2;
}
