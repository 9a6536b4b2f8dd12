// SPDX-License-Identifier: BSD-3-Clause
//
// The order of the folders, checked on every #include: a file includes only what stands to its left.
//
//     protocol/base < protocol/resp < conf < datatypes < persistence < replication < cluster < server < tools, tests
//                                             |
//            encodings < core < keyspace < command < each type folder and generic < all_types.cpp
//
// Always true:
//   1. No include leads to a folder on the right, nor to one that stands beside (type folders, tools and tests).
//   2. Asio is seen only by server/net, by files named *_io and by server_main: all else is free of sockets.
//   3. Every include of ours begins at the root and names a file that exists.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 9> kFolders = {"protocol", "conf",   "datatypes", "persistence", "replication",
                                                      "cluster",  "server", "tools",     "tests"};
constexpr std::array<std::string_view, 4> kDatatypesOrder = {"encodings", "core", "keyspace", "command"};

// Where a file stands: whole numbers order the layers, `place` tells apart those that stand beside one another.
struct Layer {
    int rank = 0;
    std::string place;
};

// Path parts: "datatypes/zset/zset.h" is {"datatypes", "zset", "zset.h"}.
std::vector<std::string> parts_of(const std::string& path) {
    std::vector<std::string> parts;
    for (const auto& part : fs::path(path)) parts.push_back(part.string());
    return parts;
}

int rank_within_datatypes(const std::vector<std::string>& parts) {
    if (parts.size() == 2) return 8;  // all_types.cpp, right of every type
    const auto* found = std::find(kDatatypesOrder.begin(), kDatatypesOrder.end(), parts[1]);
    return found == kDatatypesOrder.end() ? 7 : static_cast<int>(found - kDatatypesOrder.begin());
}

// The layer of a path that begins at the root; nothing if it lies in none of the folders.
std::optional<Layer> layer_of(const std::string& path) {
    const auto parts = parts_of(path);
    const auto* found = std::find(kFolders.begin(), kFolders.end(), parts.front());
    if (found == kFolders.end() || parts.size() < 2) return std::nullopt;
    const int folder = static_cast<int>(found - kFolders.begin());
    Layer layer{folder * 10, parts[0]};
    if (parts[0] == "protocol") layer = {parts[1] == "base" ? 0 : 1, "protocol/" + parts[1]};
    if (parts[0] == "datatypes") {
        const int rank = rank_within_datatypes(parts);
        layer = {folder * 10 + rank, rank == 8 ? "datatypes" : "datatypes/" + parts[1]};
    }
    if (parts[0] == "tests") layer.rank = 70;  // tools and tests stand beside each other
    return layer;
}

bool may_include(const Layer& from, const Layer& to) {
    if (from.place == to.place) return true;
    if (from.place == "tests") return true;  // tests may include anything
    return to.rank < from.rank;
}

bool may_see_asio(const std::string& path) {
    const std::string stem = fs::path(path).stem().string();
    return path.rfind("server/net/", 0) == 0 || path.rfind("tests/", 0) == 0 || stem == "server_main" ||
           (stem.size() > 3 && stem.compare(stem.size() - 3, 3, "_io") == 0);
}

struct Include {
    std::string file;  // who includes, from the root
    int line = 0;
    std::string target;
    bool quoted = false;
};

// What stands between the marks of an #include line, with the opening mark in front; empty for any other line.
std::string included_name(const std::string& line) {
    const auto hash = line.find_first_not_of(" \t");
    if (hash == std::string::npos || line[hash] != '#') return {};
    const auto word = line.find_first_not_of(" \t", hash + 1);
    if (word == std::string::npos || line.compare(word, 7, "include") != 0) return {};
    const auto open = line.find_first_of("<\"", word + 7);
    if (open == std::string::npos) return {};
    const auto close = line.find(line[open] == '<' ? '>' : '"', open + 1);
    return close == std::string::npos ? std::string{} : line.substr(open, close - open);
}

void read_includes(const fs::path& root, const fs::path& file, std::vector<Include>& out) {
    std::ifstream in(file);
    std::string text;
    for (int line = 1; std::getline(in, text); ++line) {
        const std::string name = included_name(text);
        if (name.empty()) continue;
        out.push_back({fs::relative(file, root).generic_string(), line, name.substr(1), name[0] == '"'});
    }
}

std::vector<Include> all_includes() {
    const fs::path root = KEEL_SOURCE_DIR;
    std::vector<Include> all;
    for (const auto folder : kFolders) {
        if (!fs::exists(root / folder)) continue;
        for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
            const auto extension = entry.path().extension();
            if (extension == ".cpp" || extension == ".h") read_includes(root, entry.path(), all);
        }
    }
    return all;
}

// What is wrong with this include, in words; empty when nothing is.
std::string complaint(const Include& include) {
    const bool asio = include.target.rfind("boost/asio", 0) == 0;
    if (asio && !may_see_asio(include.file)) return "only server/net, *_io files and server_main may include Asio";
    if (!include.quoted) return {};
    const auto to = layer_of(include.target);
    if (!to || !fs::exists(fs::path(KEEL_SOURCE_DIR) / include.target)) return "names no file from the root";
    return may_include(*layer_of(include.file), *to) ? std::string{} : "is an arrow to the right";
}

}  // namespace

TEST_CASE("layers: every include leads to the left") {
    const auto includes = all_includes();
    REQUIRE(includes.size() > 20);  // an empty list would mean that the folders were not found
    for (const auto& include : includes) {
        const std::string wrong = complaint(include);
        INFO(include.file << ":" << include.line << " includes " << include.target << ": " << wrong);
        CHECK(wrong.empty());
    }
}

TEST_CASE("layers: the rule itself tells left from right") {
    const auto allowed = [](const char* from, const char* to) { return may_include(*layer_of(from), *layer_of(to)); };
    CHECK(allowed("protocol/resp/reply.cpp", "protocol/base/bytes.h"));
    CHECK_FALSE(allowed("protocol/base/bytes.h", "protocol/resp/reply.h"));
    CHECK(allowed("conf/file.cpp", "protocol/base/words.h"));
    CHECK_FALSE(allowed("protocol/base/words.cpp", "conf/file.h"));
    CHECK(allowed("datatypes/keyspace/database.cpp", "datatypes/core/value.h"));
    CHECK_FALSE(allowed("datatypes/core/value.cpp", "datatypes/keyspace/database.h"));
    CHECK_FALSE(allowed("datatypes/encodings/table.h", "datatypes/command/args.h"));
    CHECK(allowed("datatypes/string/commands.cpp", "datatypes/command/context.h"));
    CHECK_FALSE(allowed("datatypes/string/commands.cpp", "datatypes/generic/sort.h"));
    CHECK_FALSE(allowed("datatypes/command/context.h", "datatypes/string/commands.h"));
    CHECK(allowed("datatypes/all_types.cpp", "datatypes/string/commands.h"));
    CHECK_FALSE(allowed("datatypes/string/commands.cpp", "datatypes/all_types.h"));
    CHECK_FALSE(allowed("datatypes/string/commands.cpp", "server/session.h"));
    CHECK(allowed("server/dispatch.cpp", "cluster/router.h"));
    CHECK_FALSE(allowed("tools/check/main.cpp", "tests/support/harness.h"));
    CHECK(allowed("tests/support/harness.h", "server/server.h"));
}

TEST_CASE("layers: Asio stays at the edge") {
    CHECK(may_see_asio("server/net/loop.cpp"));
    CHECK(may_see_asio("replication/link_io.cpp"));
    CHECK(may_see_asio("server/server_main.cpp"));
    CHECK_FALSE(may_see_asio("server/dispatch.cpp"));
    CHECK_FALSE(may_see_asio("datatypes/string/commands.cpp"));
}
