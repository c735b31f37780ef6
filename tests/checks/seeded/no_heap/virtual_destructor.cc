// SPDX-License-Identifier: Apache-2.0
// The trap that port interfaces avoid with a protected destructor: nothing is deleted here.

class Base {
 public:
  virtual ~Base() = default;
};

class Derived final : public Base {
 public:
  ~Derived() override;
};

Derived::~Derived() = default;
