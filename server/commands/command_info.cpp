// SPDX-License-Identifier: BSD-3-Clause
#include "server/commands/command_info.h"

#include "datatypes/command/syntax.h"

namespace keel {

namespace {

void write_set(Reply& reply, std::span<const Bytes> names) {
    reply.set(names.size());
    for (const Bytes name : names) reply.simple(name);
}

void write_field(Reply& reply, Bytes name, Bytes value) {
    reply.bulk(name);
    reply.bulk(value);
}

void write_field(Reply& reply, Bytes name, int value) {
    reply.bulk(name);
    reply.integer(value);
}

// A map whose fields are counted as they are written.
class OpenMap {
  public:
    explicit OpenMap(Reply& reply) : reply_(reply), length_(reply.deferred_map()) {}

    template <typename Value>
    void field(Bytes name, const Value& value) {
        ++fields_;
        write_field(reply_, name, value);
    }
    // The caller writes the value.
    Reply& named(Bytes name) {
        ++fields_;
        reply_.bulk(name);
        return reply_;
    }
    void end() { length_.end(fields_); }

  private:
    Reply& reply_;
    DeferredLength length_;
    std::size_t fields_ = 0;
};

// ---- Key specs ----

// A map of two: the method's name, and `pairs` of its parameters, which the caller writes next.
void begin_method(Reply& reply, Bytes step, Bytes method, std::size_t pairs) {
    reply.bulk(step);
    reply.map(2);
    write_field(reply, "type", method);
    reply.bulk("spec");
    reply.map(pairs);
}

void write_begin_search(Reply& reply, const KeySpec& spec) {
    constexpr Bytes kStep = "begin_search";
    if (spec.unknown()) return begin_method(reply, kStep, "unknown", 0);
    if (spec.keyword.empty()) {
        begin_method(reply, kStep, "index", 1);
        return write_field(reply, "index", spec.index);
    }
    begin_method(reply, kStep, "keyword", 2);
    write_field(reply, "keyword", spec.keyword);
    write_field(reply, "startfrom", spec.start_from);
}

void write_find_keys(Reply& reply, const KeySpec& spec) {
    constexpr Bytes kStep = "find_keys";
    if (spec.unknown()) return begin_method(reply, kStep, "unknown", 0);
    if (spec.counted) {
        begin_method(reply, kStep, "keynum", 3);
        write_field(reply, "keynumidx", spec.count_at);
        write_field(reply, "firstkey", spec.first);
        return write_field(reply, "keystep", spec.step);
    }
    begin_method(reply, kStep, "range", 3);
    write_field(reply, "lastkey", spec.last);
    write_field(reply, "keystep", spec.step);
    write_field(reply, "limit", spec.limit);
}

void write_key_specs(Reply& reply, const Command& command) {
    const auto specs = command.spec().keys.all();
    reply.set(specs.size());
    for (const KeySpec& spec : specs) {
        reply.map(spec.notes.empty() ? 3 : 4);
        if (!spec.notes.empty()) write_field(reply, "notes", spec.notes);
        reply.bulk("flags");
        write_set(reply, use_names(spec.use));
        write_begin_search(reply, spec);
        write_find_keys(reply, spec);
    }
}

// ---- Arguments ----

void write_arguments(Reply& reply, const std::vector<Argument>& arguments);

void write_argument(Reply& reply, const Argument& argument) {
    const bool group = !argument.arguments.empty();
    OpenMap map{reply};
    map.field("name", argument.name);
    map.field("type", type_name(argument.type));
    if (!group) map.field("display_text", argument.name);
    if (argument.key_spec_index >= 0) map.field("key_spec_index", argument.key_spec_index);
    if (!argument.token.empty() || argument.type == Argument::Type::pure_token) map.field("token", argument.token);
    std::vector<Bytes> flags;
    if (argument.optional) flags.emplace_back("optional");
    if (argument.multiple) flags.emplace_back("multiple");
    if (argument.multiple_token) flags.emplace_back("multiple_token");
    if (!flags.empty()) write_set(map.named("flags"), flags);
    if (group) write_arguments(map.named("arguments"), argument.arguments);
    map.end();
}

void write_arguments(Reply& reply, const std::vector<Argument>& arguments) {
    reply.array(arguments.size());
    for (const Argument& argument : arguments) write_argument(reply, argument);
}

}  // namespace

void write_command_info(Reply& reply, const Command& command) {
    reply.array(10);
    reply.bulk(command.name());
    reply.integer(command.spec().arity.value);
    write_set(reply, flag_names(command.flags()));
    reply.integer(command.first_key());
    reply.integer(command.last_key());
    reply.integer(command.key_step());
    const auto categories = category_names(command.categories());
    reply.set(categories.size());
    for (const Bytes name : categories) reply.simple('@' + std::string{name});
    reply.set(command.spec().tips.size());
    for (const Bytes tip : command.spec().tips) reply.bulk(tip);
    write_key_specs(reply, command);
    reply.set(command.subcommands().size());
    for (const auto& sub : command.subcommands()) write_command_info(reply, *sub);
}

void write_command_docs(Reply& reply, const Command& command) {
    const CommandSpec& spec = command.spec();
    const auto arguments = arguments_of(spec);
    OpenMap map{reply};
    map.field("summary", spec.summary);
    map.field("since", spec.since);
    map.field("group", group_name(spec.group));
    if (!spec.complexity.empty()) map.field("complexity", spec.complexity);
    std::vector<Bytes> flags;
    if (!spec.deprecated_since.empty()) flags.emplace_back("deprecated");
    if (spec.internal) flags.emplace_back("syscmd");
    if (!flags.empty()) write_set(map.named("doc_flags"), flags);
    if (!spec.deprecated_since.empty()) map.field("deprecated_since", spec.deprecated_since);
    if (!spec.replaced_by.empty()) map.field("replaced_by", spec.replaced_by);
    // A test reads every row; a grammar that got past it is left out, which is no reason to stop a server.
    if (arguments && !arguments->empty()) write_arguments(map.named("arguments"), *arguments);
    if (!command.subcommands().empty()) {
        map.named("subcommands").map(command.subcommands().size());
        for (const auto& sub : command.subcommands()) {
            reply.bulk(sub->name());
            write_command_docs(reply, *sub);
        }
    }
    map.end();
}

}  // namespace keel
