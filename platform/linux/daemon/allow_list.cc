// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/daemon/allow_list.h"

#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <string>

#include "platform/linux/text.h"
#include "port/result.h"

namespace connect_auth::program {
namespace {

constexpr std::string_view kSeparators = " ,\t";

template <typename Id>
bool Contains(const std::vector<Id>& list, Id id) {
  return std::find(list.begin(), list.end(), id) != list.end();
}

/// @param by_name  Looks a name up; false: nobody has it.
template <typename Id>
Problem TakeOne(const std::string& word, bool (*by_name)(const char* name, Id& into),
                std::vector<Id>& into) {
  // The highest number stands for "none" in the kernel's interfaces.
  const Result<std::int64_t> number = ParseNumber(word, 0, std::numeric_limits<Id>::max() - 1);
  Id id = static_cast<Id>(number.value_or(0));
  if (!number.ok() && !by_name(word.c_str(), id)) {
    return {ExitCode::kUsage, Join({"nobody on this machine is called '", Printable(word),
                                    "'; correct users or groups in [daemon]"})};
  }
  into.push_back(id);
  return {};
}

template <typename Id>
Problem TakeAll(std::string_view words, bool (*by_name)(const char* name, Id& into),
                std::vector<Id>& into) {
  Problem problem;
  while (!problem.exists()) {
    const std::size_t begin = words.find_first_not_of(kSeparators);
    if (begin == std::string_view::npos) {
      break;
    }
    words.remove_prefix(begin);
    const std::string word(words.substr(0, words.find_first_of(kSeparators)));
    words.remove_prefix(word.size());
    problem = TakeOne(word, by_name, into);
  }
  return problem;
}

bool UserByName(const char* name, uid_t& into) {
  const passwd* const entry = ::getpwnam(name);
  into = entry != nullptr ? entry->pw_uid : into;
  return entry != nullptr;
}

bool GroupByName(const char* name, gid_t& into) {
  const group* const entry = ::getgrnam(name);
  into = entry != nullptr ? entry->gr_gid : into;
  return entry != nullptr;
}

}  // namespace

bool Peer::Find(int socket) {
  constexpr std::size_t kMostGroups = 65536;  // NGROUPS_MAX
  ucred credentials{};
  socklen_t size = sizeof(credentials);
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return false;
  }
  user = credentials.uid;
  groups.assign(1, credentials.gid);
#if defined(SO_PEERGROUPS)
  std::vector<gid_t> more(32);
  size = static_cast<socklen_t>(more.size() * sizeof(gid_t));
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, more.data(), &size) != 0) {
    if (size > kMostGroups * sizeof(gid_t) || size <= more.size() * sizeof(gid_t)) {
      return true;
    }
    more.resize(size / sizeof(gid_t));
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, more.data(), &size) != 0) {
      return true;
    }
  }
  more.resize(size / sizeof(gid_t));
  groups.insert(groups.end(), more.begin(), more.end());
#endif
  return true;
}

Problem AllowList::Load(std::string_view users, std::string_view groups) {
  users_ = {0, ::geteuid()};
  groups_.clear();
  Problem problem = TakeAll<uid_t>(users, UserByName, users_);
  return problem.exists() ? problem : TakeAll<gid_t>(groups, GroupByName, groups_);
}

bool AllowList::Allows(const Peer& peer) const {
  return Contains(users_, peer.user) ||
         std::any_of(peer.groups.begin(), peer.groups.end(),
                     [this](gid_t group) { return Contains(groups_, group); });
}

}  // namespace connect_auth::program
