// SPDX-License-Identifier: Apache-2.0
#include "tests/platform/zephyr/stand_in/stand_in.h"

#include <sys/random.h>
#include <zephyr/kernel.h>
#include <zephyr/logging/log.h>
#include <zephyr/random/random.h>
#include <zephyr/settings/settings.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <string>
#include <vector>

char stand_in_log[128];

namespace {

using connect_auth::contract::Medium;
using Value = std::vector<char>;

Medium medium = Medium::kHealthy;
bool csrand_fails = false;
std::int64_t uptime = 0;
std::map<std::string, Value> values;

ssize_t Read(void* cb_arg, void* data, size_t len) {
  const Value& value = *static_cast<const Value*>(cb_arg);
  const size_t count = std::min(len, value.size());
  std::memcpy(data, value.data(), count);
  return static_cast<ssize_t>(count);
}

}  // namespace

void connect_auth::tests::SetSettings(Medium state) {
  medium = state;
}

void connect_auth::tests::SetCsrand(bool failing) {
  csrand_fails = failing;
}

void connect_auth::tests::PassUptime(Millis span) {
  uptime += span.count;
}

int settings_load_subtree_direct(const char* subtree, settings_load_direct_cb cb, void* param) {
  if (medium == Medium::kDead) {
    return -EIO;
  }
  const std::string own = subtree;
  for (auto& [name, value] : values) {
    if (name == own) {
      cb(nullptr, value.size(), Read, &value, param);
    } else if (name.starts_with(own + "/")) {
      cb(name.c_str() + own.size() + 1, value.size(), Read, &value, param);
    }
  }
  return 0;
}

int settings_save_one(const char* name, const void* value, size_t val_len) {
  if (medium != Medium::kHealthy) {
    return -ENOSPC;
  }
  const char* const octets = static_cast<const char*>(value);
  values.erase(name);
  if (val_len != 0) {
    values[name] = Value(octets, octets + val_len);
  }
  return 0;
}

int settings_delete(const char* name) {
  return settings_save_one(name, nullptr, 0);
}

int sys_csrand_get(void* dst, size_t len) {
  return csrand_fails || ::getentropy(dst, len) != 0 ? -EIO : 0;
}

int64_t k_uptime_get(void) {
  return uptime;
}
