// SPDX-License-Identifier: BSD-3-Clause
#include "tools/check_rdb/checker.h"

#include <fmt/format.h>

#include <algorithm>

#include "datatypes/keyspace/keyspace.h"
#include "persistence/rdb/format.h"
#include "persistence/rdb/snapshot_file.h"
#include "protocol/base/number.h"
#include "protocol/base/words.h"
#include "tools/json_text.h"

namespace keel::check_rdb {

namespace {

constexpr std::int64_t kProgressEveryUs = 1'000'000;
constexpr std::uint64_t kStepBytes = 1 << 20;

// A loader needs a keyspace, though with a witness it puts nothing in.
class NoKeys final : public KeyspaceListener {
  public:
    explicit NoKeys(UnixMs now) : keyspace{1, lazy_free_, *this, now} {}
    void on_expired(Database&, const Entry&) override {}
    void on_evicted(Database&, const Entry&) override {}

  private:
    LazyFree lazy_free_{nullptr};

  public:
    Keyspace keyspace;
};

class OpenFile final : public rdb::ByteSource {
  public:
    explicit OpenFile(ReadFile& file) : file_(file) {}
    Result<std::size_t> read(char* to, std::size_t room) override { return file_.read({to, room}); }

  private:
    ReadFile& file_;
};

// The key of the record whose tag is there.
Result<std::string> name_at(ReadFile& file, std::uint64_t offset) {
    KEEL_TRY(const std::uint64_t size, file.size());
    KEEL_TRY(file.seek(offset + 1));
    OpenFile source{file};
    rdb::Reader reader{source, size - offset - 1};
    KEEL_TRY(const Bytes name, reader.string());
    return std::string{name};
}

// The first record whose key was there before.
std::optional<rdb::LoadTrouble> find_twin(ReadFile& file, Inventory& inventory) {
    for (const auto& [later, earlier] : inventory.twins()) {
        Result<std::string> name = name_at(file, later);
        const Result<std::string> before = name_at(file, earlier);
        if (!name || !before || *name != *before) continue;
        return rdb::LoadTrouble{
            .offset = later, .at_key = true, .db = -1, .key = *std::move(name), .reason = std::string{kTwice.text}};
    }
    return std::nullopt;
}

std::string json_sum(const Sum& sum) {
    return fmt::format(R"("keys": {}, "expiring": {}, "elements": {}, "bytes": {})", sum.keys, sum.expiring,
                       sum.elements, sum.bytes);
}

std::string json_list(const std::vector<std::string>& items) {
    return items.empty() ? "[]" : fmt::format("[\n    {}\n  ]", fmt::join(items, ",\n    "));
}

}  // namespace

std::optional<Options> parse_options(int count, char** words) {
    Options options;
    for (int i = 0; i < count; ++i) {
        const Bytes word = words[i];
        if (word == "--json") {
            options.json = true;
        } else if (word == "--help" || word == "-h") {
            options.help = true;
        } else if (word == "--biggest" && i + 1 < count) {
            const auto number = parse_integer(words[++i]);
            if (!number || *number < 0) return std::nullopt;
            options.biggest = static_cast<std::size_t>(*number);
        } else if (word.starts_with("--") || !options.path.empty()) {
            return std::nullopt;
        } else {
            options.path = word;
        }
    }
    if (options.path.empty() && !options.help) return std::nullopt;
    return options;
}

Checker::Checker(FileSystem& files, const Clock& clock, Options options, std::FILE* out, std::FILE* progress)
    : files_(files),
      clock_(clock),
      options_(std::move(options)),
      out_(out),
      progress_(progress),
      inventory_(options_.biggest, clock.wall_ms()) {}

template <typename... A>
void Checker::say(fmt::format_string<A...> format, A&&... args) {
    fmt::print(out_, "{}\n", fmt::format(format, std::forward<A>(args)...));
}

int Checker::run() {
    if (options_.help) {
        std::fputs(kUsage, out_);
        return 0;
    }
    next_progress_us_ = clock_.steady_us() + kProgressEveryUs;
    if (!options_.json) say("[offset 0] Checking RDB file {}", options_.path);
    const bool opened = check();
    if (options_.json) {
        say_json();
    } else {
        say_verdict();
        if (opened) say_summary();
    }
    std::fflush(out_);
    return trouble_ ? 1 : 0;
}

// ---- Reading ----

// False: there is no such file, or it cannot be opened.
bool Checker::check() {
    auto source = rdb::FileSource::open(files_, options_.path);
    if (!source) {
        trouble_ = rdb::LoadTrouble{.key = {}, .reason = fmt::format("Cannot open file: {}", source.error().text())};
        return false;
    }
    size_ = source->size();
    rdb::Reader reader{*source, size_};
    NoKeys nothing{clock_.wall_ms()};
    rdb::SnapshotLoader loader{
        reader, nothing.keyspace, inventory_, settings_, {.drop_due = false, .witness = &inventory_}};
    if (!read_all(reader, loader)) trouble_ = loader.trouble();
    read_ = reader.offset();
    version_ = loader.version();
    empty_ = loader.figures().empty;
    facts_ = loader.facts();
    checksum_held_ = loader.checksum_held();
    // A twin comes before whatever else was found: that ended the reading.
    if (const auto file = files_.open_read(options_.path)) {
        if (auto twin = find_twin(**file, inventory_)) trouble_ = std::move(twin);
    }
    return true;
}

bool Checker::read_all(rdb::Reader& reader, rdb::SnapshotLoader& loader) {
    for (;;) {
        const Result<bool> done = loader.step(kStepBytes);
        if (!done) return false;
        if (*done) return true;
        show_progress(reader.offset());
    }
}

Result<std::uint64_t> check_beginning(ReadFile& file) {
    KEEL_TRY(const std::uint64_t size, file.size());
    KEEL_TRY(file.seek(0));
    OpenFile source{file};
    rdb::Reader reader{source, size};
    const Settings settings;
    NoKeys nothing{0};
    Inventory inventory{0, 0};
    rdb::SnapshotLoader loader{reader,
                               nothing.keyspace,
                               inventory,
                               settings,
                               {.drop_due = false, .more_may_follow = true, .witness = &inventory}};
    for (;;) {
        KEEL_TRY(const bool done, loader.step(kStepBytes));
        if (done) break;
    }
    if (const auto twin = find_twin(file, inventory))
        return Error{fmt::format("at byte {}, key {}: {}", twin->offset, quoted(twin->key), twin->reason)};
    return reader.offset();
}

void Checker::show_progress(std::uint64_t offset) {
    const std::int64_t now = clock_.steady_us();
    if (now < next_progress_us_ || size_ == 0) return;
    next_progress_us_ = now + kProgressEveryUs;
    fmt::print(progress_, "[offset {}] {}: {} %\n", offset, options_.path, 100 * offset / size_);
    std::fflush(progress_);
}

// ---- Saying ----

void Checker::say_verdict() {
    if (!trouble_) {
        say("[offset {}] {}", read_,
            checksum_held_                       ? "Checksum OK"
            : version_ < rdb::kFirstWithChecksum ? "Files of this version have no checksum"
                                                 : "RDB file was saved with checksum disabled: no check performed.");
        say("[offset {}] \\o/ RDB looks OK! \\o/", read_);
        return;
    }
    say("--- RDB ERROR DETECTED ---");
    say("[offset {}] {}", trouble_->offset, trouble_->reason);
    if (trouble_->at_key) {
        say("[additional info] Reading key {}{}", quoted(trouble_->key),
            trouble_->db >= 0 ? fmt::format(" of database {}", trouble_->db) : "");
    }
    if (read_ > 0) say("[additional info] Read up to byte {} of {}", read_, size_);
}

void Checker::say_summary() {
    const Sum total = inventory_.total();
    say("[info] {} keys read", total.keys);
    say("[info] {} expires", total.expiring);
    say("[info] {} already expired", inventory_.expired());
    if (empty_ > 0) say("[info] {} collections without members, which servers pass over", empty_);
    say("[info] {} bytes, version {} of the format", size_, version_);
    for (const auto& [name, value] : facts_) say("[info] AUX {} = {}", name, quoted(value));
    for (const auto& library : inventory_.libraries())
        say("[info] library of functions {}, {} bytes", quoted(library.name), library.bytes);
    if (total.keys == 0) return;
    say("\n{:<8} {:>12} {:>12} {:>14} {:>15}", "database", "keys", "expiring", "elements", "bytes");
    for (const auto& [db, sum] : inventory_.databases())
        say("{:<8} {:>12} {:>12} {:>14} {:>15}", db, sum.keys, sum.expiring, sum.elements, sum.bytes);
    say("\n{:<8} {:<16} {:>12} {:>12} {:>14} {:>15}", "type", "encoding", "keys", "expiring", "elements", "bytes");
    for (const auto& [kind, sum] : inventory_.kinds()) {
        say("{:<8} {:<16} {:>12} {:>12} {:>14} {:>15}", type_ops(kind.first).name, kind.second, sum.keys, sum.expiring,
            sum.elements, sum.bytes);
    }
    say_biggest();
}

void Checker::say_biggest() {
    if (options_.biggest == 0) return;
    say("\nbiggest keys, by their bytes in the file");
    say("{:>15} {:>14} {:>8}  {:<8} {:<16} {}", "bytes", "elements", "database", "type", "encoding", "key");
    for (const BigKey& key : inventory_.biggest()) {
        say("{:>15} {:>14} {:>8}  {:<8} {:<16} {}", key.bytes, key.elements, key.db, type_ops(key.type).name,
            key.encoding, quoted(key.name));
    }
}

void Checker::say_json() {
    std::string out = fmt::format("{{\n  \"valid\": {},\n  \"file\": {},\n  \"size\": {},\n  \"version\": {},\n",
                                  !trouble_, json_text(options_.path), size_, version_);
    out += fmt::format("  \"checksum\": \"{}\",\n", trouble_ ? "unknown" : checksum_held_ ? "matches" : "none");
    if (trouble_) {
        out += fmt::format("  \"problem\": {{\"offset\": {}, \"read_up_to\": {}, \"reason\": {}", trouble_->offset,
                           read_, json_text(trouble_->reason));
        if (trouble_->at_key) out += fmt::format(", \"key\": {}", json_text(trouble_->key));
        if (trouble_->at_key && trouble_->db >= 0) out += fmt::format(", \"database\": {}", trouble_->db);
        out += "},\n";
    }
    std::vector<std::string> facts;
    for (const auto& [name, value] : facts_) facts.push_back(json_text(name) + ": " + json_text(value));
    out += fmt::format("  \"aux\": {{{}}},\n", fmt::join(facts, ", "));
    std::vector<std::string> libraries;
    for (const auto& library : inventory_.libraries()) {
        libraries.push_back(fmt::format(R"({{"name": {}, "bytes": {}}})", json_text(library.name), library.bytes));
    }
    out += fmt::format("  \"functions\": {},\n", json_list(libraries));
    out += fmt::format("  {}, \"expired\": {}, \"empty\": {},\n", json_sum(inventory_.total()), inventory_.expired(),
                       empty_);
    out += json_sums() + json_biggest() + "}\n";
    std::fwrite(out.data(), 1, out.size(), out_);
}

std::string Checker::json_sums() {
    std::vector<std::string> databases;
    for (const auto& [db, sum] : inventory_.databases())
        databases.push_back(fmt::format(R"({{"database": {}, {}}})", db, json_sum(sum)));
    std::vector<std::string> kinds;
    for (const auto& [kind, sum] : inventory_.kinds()) {
        kinds.push_back(fmt::format(R"({{"type": "{}", "encoding": "{}", {}}})", type_ops(kind.first).name, kind.second,
                                    json_sum(sum)));
    }
    return fmt::format("  \"databases\": {},\n  \"types\": {},\n", json_list(databases), json_list(kinds));
}

std::string Checker::json_biggest() {
    std::vector<std::string> keys;
    for (const BigKey& key : inventory_.biggest()) {
        keys.push_back(fmt::format(R"({{"key": {}, "database": {}, "type": "{}", "encoding": "{}", "elements": {}, )"
                                   R"("bytes": {}, "deadline_ms": {}}})",
                                   json_text(key.name), key.db, type_ops(key.type).name, key.encoding, key.elements,
                                   key.bytes, key.deadline == kNoDeadline ? "null" : integer_text(key.deadline)));
    }
    return fmt::format("  \"biggest\": {}\n", json_list(keys));
}

}  // namespace keel::check_rdb
