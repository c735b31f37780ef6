// SPDX-License-Identifier: Apache-2.0
void ActOften(Status wanted) {
  assert_int_equal(Act(100), wanted);
}

void thing_acts(void**) {
  assert_int_equal(Act(1), Status::kOk);
  ActOften(Status::kUnavailable);
}

void thing_waits(void**) {
  assert_int_equal(Wait(), Status::kTimeout);
}
