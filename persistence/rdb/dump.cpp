// SPDX-License-Identifier: BSD-3-Clause
#include "persistence/rdb/dump.h"

#include "datatypes/core/rdb_tags.h"
#include "datatypes/keyspace/lazy_free.h"
#include "persistence/crc64.h"
#include "persistence/rdb/format.h"
#include "persistence/rdb/reader.h"
#include "persistence/rdb/snapshot_loader.h"
#include "persistence/rdb/snapshot_writer.h"
#include "persistence/rdb/writer.h"
#include "protocol/resp/errors.h"

namespace keel::rdb {

namespace {

constexpr std::size_t kFooterBytes = 10;
constexpr ErrorText kBehindValue{"bytes follow behind the value"};

}  // namespace

Result<std::string> dump_value(const ValueRef& value, const Settings& settings) {
    const RdbDialect dialect = dialect_for(settings, value);
    const TypeOps& ops = type_ops(value.type);
    KEEL_TRY(const RdbTag tag, ops.tag(value, dialect));
    Writer out{{.squeeze = settings.snapshot.compression, .checksum = true}};
    out.byte(static_cast<std::uint8_t>(tag));
    ops.save(value, tag, out);
    char version[2];
    store_le<std::uint16_t>(version, dialect.version);
    out.raw({version, sizeof(version)});
    out.u64(out.checksum());
    return std::string{out.bytes()};
}

Status check_footer(Bytes payload, const Settings& settings, bool check_sum) {
    if (payload.size() < kFooterBytes) return errors::kDumpPayload;
    const char* footer = payload.data() + payload.size() - kFooterBytes;
    const unsigned version = load_le<std::uint16_t>(footer);
    const bool relaxed = settings.snapshot.version_check == Snapshot::VersionCheck::relaxed;
    if (!relaxed && version != 0 && !is_known_version(version)) return errors::kDumpPayload;
    if (!check_sum) return {};
    const std::uint64_t told = load_le<std::uint64_t>(footer + 2);
    return told == crc64(payload.substr(0, payload.size() - 8)) ? Status{} : Status{errors::kDumpPayload};
}

Result<ValueRef> restore_value(Bytes payload, const Settings& settings, std::string& scratch) {
    const unsigned version = load_le<std::uint16_t>(payload.data() + payload.size() - kFooterBytes);
    Reader in{payload.substr(0, payload.size() - kFooterBytes)};
    in.set_from_valkey(version >= kFirstValkey);
    KEEL_TRY(const std::uint8_t tag, in.byte());
    const auto type = type_of(static_cast<RdbTag>(tag));
    if (!type) return unknown_tag(tag, in);
    KEEL_TRY(ValueRef value, type_ops(*type).load(static_cast<RdbTag>(tag), in, settings.encodings));
    if (in.left() != 0) {
        if (value.payload != nullptr) LazyFree::free_now(value);
        return kBehindValue;
    }
    if (value.payload == nullptr && !value.is_integer()) {
        scratch.assign(value.text);  // it may lie in the reader
        value.text = scratch;
    }
    return value;
}

}  // namespace keel::rdb
