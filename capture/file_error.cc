#include "capture/file_error.h"

namespace gvt::capture {

std::string FileError::Message() const {
  return file + ": offset " + std::to_string(offset) + ": " + ErrorCodeName(code) + ": " + reason;
}

}  // namespace gvt::capture
