// SPDX-License-Identifier: Apache-2.0
#pragma once

class Door {
 public:
  /// @return kOk       In the contract.
  /// @return kClosed   In a platform's test.
  /// @return kPending  A platform's test of something else has it.
  virtual Status Open() = 0;
};
