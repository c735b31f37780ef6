// SPDX-License-Identifier: Apache-2.0
struct Thing {
  ~Thing();
};

Thing thing;
