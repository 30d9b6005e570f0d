// Runs a target with the files of one or several folders, and with an empty input: a test for
// compilers without libFuzzer. After a failure, the last printed line names the input. A folder
// without files is an error.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "tests/fuzz/target.h"

namespace {

void run(const std::string& bytes) {
  // A block of exactly this size, so that a read after its end is detected.
  const auto copy = std::make_unique<char[]>(bytes.size());
  bytes.copy(copy.get(), bytes.size());
  sioserve::fuzz::fuzz({copy.get(), bytes.size()});
}

std::size_t run_files_of(const char* folder) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::fprintf(stderr, "%s\n", entry.path().c_str());
    std::ifstream file(entry.path(), std::ios::binary);
    run({std::istreambuf_iterator<char>(file), {}});
    ++count;
  }
  return count;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s FOLDER...\n", argv[0]);
    return 2;
  }
  run("");
  std::size_t total = 0;
  for (int i = 1; i < argc; ++i) {
    const std::size_t count = run_files_of(argv[i]);
    if (count == 0) {
      std::fprintf(stderr, "%s holds no inputs\n", argv[i]);
      return 1;
    }
    total += count;
  }
  std::fprintf(stderr, "%zu inputs\n", total);
  return 0;
}
