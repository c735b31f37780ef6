// SPDX-License-Identifier: Apache-2.0
//
// Drives a target without a fuzzer: over each file of its corpus, once.
//
// usage: fuzz_TARGET FILE|FOLDER...
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz.h"

namespace connect_auth::fuzz {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> FilesOf(const fs::path& path) {
  std::vector<fs::path> files;
  if (!fs::is_directory(path)) {
    return {path};
  }
  for (const fs::directory_entry& entry : fs::directory_iterator(path)) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

bool Replay(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file) {
    std::fprintf(stderr, "cannot read %s\n", path.c_str());
    return false;
  }
  std::printf("%s\n", path.filename().c_str());
  std::fflush(stdout);  // The last one told is the one that failed.
  Run(AsBytes(content));
  return true;
}

}  // namespace
}  // namespace connect_auth::fuzz

int main(int argc, char** argv) {
  std::size_t count = 0;
  for (int i = 1; i < argc; ++i) {
    for (const auto& file : connect_auth::fuzz::FilesOf(argv[i])) {
      if (!connect_auth::fuzz::Replay(file)) {
        return 2;
      }
      ++count;
    }
  }
  std::printf("%zu inputs\n", count);
  return count == 0 ? 2 : 0;  // A corpus that is not found is not one that is fine.
}
