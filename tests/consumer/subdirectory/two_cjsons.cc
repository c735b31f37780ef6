// SPDX-License-Identifier: Apache-2.0
//
// An application that uses cJSON itself, with hooks of its own, beside the agent's private one.

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "agent/oauth/json_object.h"
#include "cJSON.h"

namespace {

int allocations = 0;
int releases = 0;

void* CountedAllocate(std::size_t size) {
  ++allocations;
  return std::malloc(size);
}

void CountedRelease(void* memory) {
  releases += memory != nullptr ? 1 : 0;
  std::free(memory);
}

/// What the agent's cJSON refuses: it has no strtod, and nests 8 deep.
bool ApplicationParses() {
  const std::string deep = std::string(100, '[') + "0.1" + std::string(100, ']');
  cJSON* const root = cJSON_Parse(deep.c_str());
  const cJSON* item = root;
  while (cJSON_IsArray(item)) {
    item = cJSON_GetArrayItem(item, 0);
  }
  const bool right = cJSON_IsNumber(item) && item->valuedouble == 0.1;
  cJSON_Delete(root);
  return right;
}

bool AgentParses() {
  const int before = allocations;
  std::array<std::uint8_t, 1024> arena{};
  connect_auth::JsonObject object(arena);
  const bool parsed =
      object.Parse(connect_auth::AsBytes(R"({"access_token":"abc","expires_in":3600})")) ==
      connect_auth::Status::kOk;
  return parsed && object.Find("expires_in").number == 3600 && allocations == before;
}

bool AgentRefusesDepth() {
  std::array<std::uint8_t, 4096> arena{};
  connect_auth::JsonObject object(arena);
  return object.Parse(connect_auth::AsBytes(R"({"a":[[[[[[[[[[[[1]]]]]]]]]]]]})")) ==
         connect_auth::Status::kMalformed;
}

}  // namespace

int main() {
  cJSON_Hooks hooks = {CountedAllocate, CountedRelease};
  cJSON_InitHooks(&hooks);
  // The application's tree lives on while the agent parses.
  cJSON* const kept = cJSON_Parse(R"({"kept": [1.5, "two"]})");
  const bool first = ApplicationParses() && AgentParses() && AgentRefusesDepth();
  const bool second = ApplicationParses() && AgentParses();
  const cJSON* const list = cJSON_GetObjectItem(kept, "kept");
  const bool still = cJSON_GetArrayItem(list, 0)->valuedouble == 1.5;
  cJSON_Delete(kept);
  const bool balanced = allocations > 200 && allocations == releases;
  std::printf("first %d, second %d, still %d, balanced %d (%d, %d)\n", first, second, still,
              balanced, allocations, releases);
  return first && second && still && balanced ? 0 : 1;
}
