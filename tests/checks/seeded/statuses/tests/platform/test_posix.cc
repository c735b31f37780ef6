// SPDX-License-Identifier: Apache-2.0
void door_is_closed(void**) {
  PosixDoor door;
  assert_int_equal(door.Open(), Status::kClosed);
}

void window_waits(void**) {
  PosixWindow window;
  assert_int_equal(window.Open(), Status::kPending);
}
