// SPDX-License-Identifier: Apache-2.0
#include "platform/smartfusion2/firmware/line_editor.h"

namespace connect_auth::smartfusion2 {

bool LineEditor::Take(char character) {
  constexpr char kBackspace = 0x08;
  constexpr char kDelete = 0x7F;
  if (ended_) {
    size_ = 0;
    too_long_ = false;
    ended_ = false;
  }
  if (character == '\r' || character == '\n') {
    ended_ = size_ > 0 || too_long_;
    return ended_;
  }
  if (character == kBackspace || character == kDelete) {
    size_ -= size_ > 0 ? 1 : 0;
  } else if (character >= ' ' && character < kDelete) {
    if (size_ == text_.size()) {
      too_long_ = true;
    } else {
      text_[size_++] = character;
    }
  }
  return false;
}

}  // namespace connect_auth::smartfusion2
