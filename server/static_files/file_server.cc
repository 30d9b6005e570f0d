#include "server/static_files/file_server.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <new>
#include <optional>
#include <system_error>
#include <utility>

#include "server/base/random_id.h"
#include "server/static_files/answer.h"
#include "server/static_files/found_file.h"
#include "server/static_files/relative_path.h"

namespace sioserve::static_files {
namespace {

using connection::BodyPart;
using connection::Exchange;

// Up to this size, copying is cheaper than sendfile().
constexpr std::uint64_t max_read = 65'536;

// A request that is handled on the thread pool.
struct Job {
  // Used only on the I/O thread.
  Exchange* exchange = nullptr;  // null: the exchange has ended

  // Input and result of the work on the thread pool.
  std::string directory;
  std::string path;
  FileRequest request;
  std::shared_ptr<const ContentTypes> types;
  std::optional<FilePart> file;  // none: the texts of the pieces are the whole body
  Answer answer;
  int error = 0;
};

// Reads the file's part of each piece into its text; false if that fails.
bool read_pieces(const OpenFile& file, std::vector<Answer::Piece>& pieces) {
  for (Answer::Piece& piece : pieces) {
    const std::size_t begin = piece.text.size();
    piece.text.resize(begin + piece.size);
    for (std::size_t done = 0; done < piece.size;) {
      const ssize_t size = ::pread(file.descriptor.get(), piece.text.data() + begin + done,
                                   piece.size - done, static_cast<off_t>(piece.offset + done));
      if (size < 0 && errno == EINTR) continue;
      if (size <= 0) {
        if (size == 0) errno = EIO;  // the file has been truncated in the meantime
        return false;
      }
      done += static_cast<std::size_t>(size);
    }
    piece.size = 0;
  }
  return true;
}

void find_and_read(Job& job) {
  auto found = find_file(job.directory, job.path, job.request.accept_encoding, *job.types);
  if (!found) {
    job.error = found.error();
    return;
  }
  const bool may_have_parts = job.request.range.find(',') != std::string::npos;
  job.answer = answer_with(job.request, found->facts, std::time(nullptr),
                           may_have_parts ? random_id() : std::string());
  if (job.request.is_head) return;
  std::uint64_t size = 0;
  for (const Answer::Piece& piece : job.answer.pieces) size += piece.size;
  if (size > max_read) {
    job.file = FilePart{std::move(found->file), 0, 0};
  } else if (!read_pieces(*found->file, job.answer.pieces)) {
    job.error = errno;
  }
}

void work_on(Job& job) {
  try {
    find_and_read(job);
  } catch (const std::bad_alloc&) {
    job.error = ENOMEM;
  } catch (const std::system_error& error) {
    job.error = error.code().value();
  }
}

void respond_with_text(Exchange& exchange, std::uint16_t status, std::string_view text,
                       Headers headers = {}) {
  headers.push_back({"content-type", "text/plain; charset=utf-8"});
  exchange.respond({status, std::move(headers)}, std::string(text), BodyPart::last);
}

void respond_with_error(const Job& job, const Logger& logger) {
  if (job.error == ENOENT) {
    respond_with_text(*job.exchange, 404, "Not Found\n");
    return;
  }
  logger.log(LogCategory::server, LogLevel::error,
             "The static file " + job.directory + "/" + job.path +
                 " cannot be read: " + std::strerror(job.error));
  if (job.error == EACCES) {
    respond_with_text(*job.exchange, 403, "Forbidden\n");
  } else {
    job.exchange->fail();
  }
}

void respond(Job& job) {
  Exchange& exchange = *job.exchange;
  std::vector<Answer::Piece>& pieces = job.answer.pieces;
  if (!job.file) {
    std::string body;
    for (const Answer::Piece& piece : pieces) body += piece.text;
    exchange.respond(std::move(job.answer.head), std::move(body), BodyPart::last);
    return;
  }
  exchange.respond(std::move(job.answer.head), {}, BodyPart::more);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    exchange.send_body(std::move(pieces[i].text), BodyPart::more);
    exchange.send_file({job.file->file, pieces[i].offset, pieces[i].size},
                       i + 1 == pieces.size() ? BodyPart::last : BodyPart::more);
  }
}

class Handler final : public connection::RequestHandler {
 public:
  Handler(Exchange& exchange, std::shared_ptr<Job> job, const Background& background,
          const Logger& logger)
      : exchange_(exchange), job_(std::move(job)), background_(background), logger_(logger) {}

  void on_request(std::string_view, BodyPart) override {
    const std::string& method = exchange_.head().method;
    if (method != "GET" && method != "HEAD") {
      respond_with_text(exchange_, 405, "Method Not Allowed\n", {{"allow", "GET, HEAD"}});
      return;
    }
    if (job_->path.empty()) {
      respond_with_text(exchange_, 404, "Not Found\n");
      return;
    }
    job_->request = read_request(exchange_.head());
    job_->exchange = &exchange_;
    background_([job = job_] { work_on(*job); },
                [job = job_, &logger = logger_] {
                  if (job->exchange == nullptr) return;
                  if (job->error != 0) {
                    respond_with_error(*job, logger);
                  } else {
                    respond(*job);
                  }
                });
  }
  void on_body(std::string_view, BodyPart) override {}
  void on_drain() override {}
  ServedBy served_by() const override { return ServedBy::static_files; }
  void on_closed() override { job_->exchange = nullptr; }

 private:
  Exchange& exchange_;
  std::shared_ptr<Job> job_;
  const Background& background_;
  const Logger& logger_;
};

std::string with_slashes(std::string prefix) {
  if (!prefix.starts_with('/')) prefix.insert(0, 1, '/');
  if (!prefix.ends_with('/')) prefix += '/';
  return prefix;
}

std::string absolute(const std::string& directory) {
  std::error_code error;
  const auto path = std::filesystem::absolute(directory, error);
  return error ? directory : path.string();
}

}  // namespace

FileServer::FileServer(const Config& config, const Logger& logger, Background background)
    : logger_(logger),
      background_(std::move(background)),
      types_(std::make_shared<const ContentTypes>(config.content_types)) {
  for (const StaticFiles& files : config.static_files) {
    mounts_.push_back({with_slashes(files.prefix), absolute(files.directory)});
  }
  std::stable_sort(mounts_.begin(), mounts_.end(), [](const Mount& left, const Mount& right) {
    return left.prefix.size() > right.prefix.size();
  });
}

bool FileServer::owns(std::string_view path) const { return find(path) != nullptr; }

std::unique_ptr<connection::RequestHandler> FileServer::make_handler(Exchange& exchange) {
  const Mount& mount = *find(exchange.head().path);
  auto job = std::make_shared<Job>();
  job->directory = mount.directory;
  job->path = relative_path(exchange.head(), mount.prefix).value_or("");
  job->types = types_;
  return std::make_unique<Handler>(exchange, std::move(job), background_, logger_);
}

const FileServer::Mount* FileServer::find(std::string_view path) const {
  const auto found = std::find_if(mounts_.begin(), mounts_.end(), [&](const Mount& mount) {
    return path.starts_with(mount.prefix);
  });
  return found == mounts_.end() ? nullptr : &*found;
}

}  // namespace sioserve::static_files
