// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/data_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

namespace connect_auth::program {
namespace {

ssize_t ReadSome(int file, Bytes into) {
  ssize_t got = 0;
  do {
    got = ::read(file, into.data(), into.size());
  } while (got < 0 && errno == EINTR);
  return got;
}

}  // namespace

DataSource::~DataSource() {
  if (file_ > STDIN_FILENO) {
    ::close(file_);
  }
}

int DataSource::Open(const std::string& path) {
  file_ = path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  return file_ < 0 ? errno : Hold();
}

int DataSource::Hold() {
  if (!held_.Reserve(kHeldBytes)) {
    return ENOMEM;
  }
  while (!held_.room().empty()) {
    const ssize_t got = ReadSome(file_, held_.room());
    if (got < 0) {
      return errno;
    }
    if (got == 0) {
      size_ = held_.size();
      return 0;
    }
    held_.Fill(static_cast<std::size_t>(got));
  }
  Measure();
  return 0;
}

/// Sees how much there is behind the held octets.
void DataSource::Measure() {
  struct stat about {};
  start_ = ::lseek(file_, 0, SEEK_CUR);
  is_regular_ = start_ >= 0 && ::fstat(file_, &about) == 0 && S_ISREG(about.st_mode) &&
                about.st_size >= start_;
  size_ = kUnknownSize;
  if (is_regular_) {
    const auto rest = static_cast<std::uint64_t>(about.st_size - start_);
    // What a 32-bit system cannot count goes in chunks.
    size_ = rest < kUnknownSize - held_.size() ? held_.size() + static_cast<std::size_t>(rest)
                                               : kUnknownSize;
  }
}

IoResult DataSource::Read(Bytes into) {
  const ConstBytes held = ConstBytes(held_.bytes()).subspan(at_);
  if (!held.empty()) {
    const std::size_t count = std::min(held.size(), into.size());
    CopyBytes(held.first(count), into);
    at_ += count;
    return IoResult::Bytes(count);
  }
  const ssize_t got = ReadSome(file_, into);
  if (got <= 0) {
    return IoResult::Error(got == 0 ? Status::kClosed : Status::kUnavailable);
  }
  has_passed_ = true;
  return IoResult::Bytes(static_cast<std::size_t>(got));
}

bool DataSource::Rewind() {
  if (has_passed_ && (!is_regular_ || ::lseek(file_, start_, SEEK_SET) != start_)) {
    return false;
  }
  has_passed_ = false;
  at_ = 0;
  return true;
}

}  // namespace connect_auth::program
