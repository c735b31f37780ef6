// SPDX-License-Identifier: Apache-2.0
void door_opens(void** state) {
  assert_int_equal(Fixture(state).door->Open(), Status::kOk);
}
