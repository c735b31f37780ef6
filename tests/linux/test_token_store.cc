// SPDX-License-Identifier: Apache-2.0
//
// What a path stands for: a directory, a file that emulates NOR, a device, or nothing of use. A
// real MTD is for tests/gateway.
#include "platform/linux/token_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <memory>
#include <string>

#include "tests/cmocka.h"
#include "tests/platform/scratch_directory.h"
#include "tests/port/contract_storage.h"

namespace connect_auth::program {
namespace {

constexpr std::size_t kBlock = 4096;
constexpr std::size_t kNewImage = 8 * kBlock;

/// A directory with a file `image` of the given content.
struct Place {
  explicit Place(const std::string& content = {}) : image(std::string(scratch.path()) + "/image") {
    const int file = ::open(image.c_str(), O_WRONLY | O_CREAT, 0600);
    assert_true(file >= 0);
    assert_int_equal(::write(file, content.data(), content.size()), content.size());
    ::close(file);
  }
  ~Place() { scratch.Remove(); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  std::string Content() const {
    std::string content(1 << 20, '\0');
    const int file = ::open(image.c_str(), O_RDONLY);
    const ssize_t size = ::read(file, content.data(), content.size());
    ::close(file);
    content.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return content;
  }

  test::ScratchDirectory scratch;
  std::string image;
};

std::string Loaded(TokenStore& store, std::string_view name) {
  std::array<std::uint8_t, 64> found{};
  const IoResult loaded = store.Load(name, found);
  return loaded.ok() ? std::string(AsText(ConstBytes(found).first(loaded.bytes()))) : "";
}

void AssertNoStore(const std::string& path, std::string_view why) {
  TokenStore store(path);
  const Problem problem = store.Open();
  assert_int_equal(problem.code, ExitCode::kStorage);
  assert_true(problem.sentence.find(path) != std::string::npos);
  assert_true(problem.sentence.find(why) != std::string::npos);
}

void token_store_in_a_directory_keeps_files(void**) {
  const test::ScratchDirectory scratch;
  for (const std::string& path :
       {std::string(scratch.path()), scratch.path() + std::string("/new")}) {
    TokenStore store(path);
    assert_false(store.Open().exists());
    assert_false(store.is_ring());
    assert_true(store.kind() == "files");
    assert_true(store.lock_path() == path + "/lock");
    assert_int_equal(store.Store("state", AsBytes("one")), Status::kOk);
    assert_int_equal(::access((path + "/state").c_str(), R_OK), 0);
    assert_true(Loaded(store, "state") == "one");
    assert_int_equal(store.Idle(), Status::kOk);
  }
  scratch.Remove();
}

void token_store_in_an_empty_file_makes_a_ring_of_it(void**) {
  const Place place;
  TokenStore store(place.image);
  assert_false(store.Open().exists());
  assert_true(store.is_ring());
  assert_true(store.kind() == "emulated NOR flash");
  assert_true(ShapeOf(store.geometry()) == "8 x 4096 octets in units of 1");
  assert_true(store.lock_path() == place.image);
  assert_true(Loaded(store, "state").empty());
  assert_int_equal(store.moves(), 0);

  assert_int_equal(store.Store("state", AsBytes("one")), Status::kOk);

  assert_int_equal(store.moves(), 1);
  assert_int_equal(place.Content().size(), kNewImage);
  TokenStore again(place.image);
  assert_false(again.Open().exists());
  assert_true(Loaded(again, "state") == "one");
}

void token_store_goes_on_with_an_image_that_was_being_made(void**) {
  for (const std::size_t size : {std::size_t{1}, kBlock - 1, kBlock, kBlock + 700, kNewImage - 1}) {
    const Place place(std::string(size, '\xFF'));
    TokenStore store(place.image);
    assert_false(store.Open().exists());
    assert_int_equal(store.Store("state", AsBytes("one")), Status::kOk);
    assert_int_equal(place.Content().size(), kNewImage);
  }
}

void token_store_is_shared_by_two_who_use_it_in_turn(void**) {
  const Place place;
  TokenStore one(place.image);
  TokenStore two(place.image);
  assert_false(one.Open().exists());
  assert_false(two.Open().exists());
  for (int turn = 0; turn < 60; ++turn) {
    const std::string value = "value of turn " + std::to_string(turn);
    TokenStore& writer = turn % 2 == 0 ? one : two;
    TokenStore& reader = turn % 2 == 0 ? two : one;
    assert_int_equal(writer.Store("state", AsBytes(value)), Status::kOk);
    assert_int_equal(writer.Store("large", AsBytes(std::string(900, 'x'))), Status::kOk);
    assert_true(Loaded(reader, "state") == value);
    Status idle = Status::kPending;
    while (idle == Status::kPending) {
      idle = reader.Idle();
    }
    assert_int_equal(idle, Status::kOk);
  }
  assert_int_equal(one.Erase("state"), Status::kOk);
  assert_true(Loaded(two, "state").empty());
}

void token_store_never_writes_over_what_is_not_its_own(void**) {
  for (const char octet : {'\0', 'x'}) {
    const std::string content(kNewImage, octet);
    const Place place(content);
    TokenStore store(place.image);
    assert_false(store.Open().exists());
    std::array<std::uint8_t, 8> found{};

    assert_int_equal(store.Load("state", found).status(), Status::kUnavailable);
    assert_int_equal(store.Store("state", AsBytes("one")), Status::kUnavailable);
    assert_int_equal(store.Erase("state"), Status::kUnavailable);
    assert_int_equal(store.Idle(), Status::kUnavailable);

    assert_true(store.LastError().find("something else") != std::string::npos);
    assert_true(place.Content() == content);
  }
}

void token_store_goes_on_where_a_move_to_its_first_block_was_cut(void**) {
  std::string content(kNewImage, '\xFF');
  content[kBlock] = '\0';  // A torn erase; but another block shows whose the area is.
  const Mark mark = RingStorage::LayoutOf({kBlock, 8, 1, true}).MarkOf(0);
  content.replace(2 * kBlock, mark.size(), AsText(mark));
  const Place place(content);
  TokenStore store(place.image);
  assert_false(store.Open().exists());

  assert_int_equal(store.Store("state", AsBytes("one")), Status::kOk);
  assert_true(Loaded(store, "state") == "one");
}

void token_store_in_a_file_of_odd_size_is_a_problem(void**) {
  for (const std::string& content :
       {std::string("in the way"), std::string(kBlock, 'x'), std::string(3 * kBlock + 1, '\0'),
        std::string(kNewImage + 1, '\xFF')}) {
    const Place place(content);
    AssertNoStore(place.image, "its size is not that of 2 to 255 blocks");
    assert_true(place.Content() == content);
  }
}

void token_store_on_what_cannot_be_one_is_a_problem(void**) {
  AssertNoStore("/dev/null", "neither a directory nor a file nor an MTD character device");
  AssertNoStore("/dev/no-such-mtd", "No such file or directory");
  assert_int_equal(::access("/dev/no-such-mtd", F_OK), -1);
}

void token_store_says_that_a_record_is_too_long_for_a_block(void**) {
  const Place place;
  TokenStore store(place.image);
  assert_false(store.Open().exists());
  assert_int_equal(store.Store("state", AsBytes(std::string(kBlock, 'x'))), Status::kUnavailable);
  assert_true(store.LastError().find("longer than a block") != std::string::npos);
  assert_int_equal(store.Store("state", AsBytes("one")), Status::kOk);
}

void token_store_says_why_the_system_refused(void**) {
  const Place place;
  TokenStore store(place.image);
  assert_false(store.Open().exists());
  assert_int_equal(::unlink(place.image.c_str()), 0);
  assert_int_equal(::mkdir(place.image.c_str(), 0700), 0);
  assert_int_equal(store.Store("state", AsBytes("one")), Status::kUnavailable);
  assert_true(store.LastError().find("directory") != std::string::npos);
}

/// What the contract suite needs of an image.
struct Rig {
  explicit Rig(const std::string& of) : path(of) { Open(); }
  void Open() {
    store = std::make_unique<TokenStore>(path);
    assert_false(store->Open().exists());
  }

  std::string path;
  std::unique_ptr<TokenStore> store;
};

int RunContract() {
  static std::array<std::uint8_t, 2 * kBlock> memory;
  const Place place;
  Rig rig(place.image);
  contract::StorageFixture fixture;
  fixture.storage = rig.store.get();
  fixture.context = &rig;
  fixture.scratch = memory;
  fixture.largest = RingStorage::LargestRecord(rig.store->geometry());
  fixture.reboot = [](contract::StorageFixture& of) {
    Rig& self = *static_cast<Rig*>(of.context);
    self.Open();
    of.storage = self.store.get();
  };
  fixture.set_medium = [](void* context, contract::Medium medium) {
    const std::string& path = static_cast<Rig*>(context)->path;
    const std::string away = path + ".away";
    if (medium == contract::Medium::kReadOnly) {
      return false;  // A mode does not bind root, who may run this.
    }
    const bool dead = medium == contract::Medium::kDead;
    static_cast<void>(std::rename((dead ? path : away).c_str(), (dead ? away : path).c_str()));
    return true;
  };
  fixture.make_idle_work = [](void* context) {
    TokenStore& store = *static_cast<Rig*>(context)->store;
    assert_int_equal(store.Store("gone", AsBytes("x")), Status::kOk);
    assert_int_equal(store.Erase("gone"), Status::kOk);
  };
  return contract::Run("linux/token_store/contract, emulated NOR", contract::StorageSuite(fixture));
}

}  // namespace
}  // namespace connect_auth::program

int main() {
  using namespace connect_auth::program;
  const CMUnitTest tests[] = {
      cmocka_unit_test(token_store_in_a_directory_keeps_files),
      cmocka_unit_test(token_store_in_an_empty_file_makes_a_ring_of_it),
      cmocka_unit_test(token_store_goes_on_with_an_image_that_was_being_made),
      cmocka_unit_test(token_store_is_shared_by_two_who_use_it_in_turn),
      cmocka_unit_test(token_store_never_writes_over_what_is_not_its_own),
      cmocka_unit_test(token_store_goes_on_where_a_move_to_its_first_block_was_cut),
      cmocka_unit_test(token_store_in_a_file_of_odd_size_is_a_problem),
      cmocka_unit_test(token_store_on_what_cannot_be_one_is_a_problem),
      cmocka_unit_test(token_store_says_that_a_record_is_too_long_for_a_block),
      cmocka_unit_test(token_store_says_why_the_system_refused),
  };
  return cmocka_run_group_tests_name("linux/token_store", tests, nullptr, nullptr) + RunContract();
}
