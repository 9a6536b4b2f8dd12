// SPDX-License-Identifier: BSD-3-Clause
#include "conf/parameters.h"

#include <algorithm>
#include <unordered_map>

namespace keel {

const std::vector<Parameter>& parameters() {
    static const Rows table = [] {
        Rows rows;
        add_network_rows(rows);
        add_process_rows(rows);
        add_data_rows(rows);
        add_persistence_rows(rows);
        add_replication_rows(rows);
        add_cluster_rows(rows);
        add_observation_rows(rows);
        add_foreign_rows(rows);
        std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.name() < b.name(); });
        return rows;
    }();
    return table;
}

const std::vector<ParameterName>& parameter_names() {
    static const std::vector<ParameterName> names = [] {
        std::vector<ParameterName> out;
        for (const Parameter& parameter : parameters()) {
            out.push_back({parameter.name(), &parameter});
            for (const Bytes alias : parameter.aliases()) out.push_back({alias, &parameter});
        }
        std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
        return out;
    }();
    return names;
}

const Parameter* find_parameter(Bytes name) {
    static const std::unordered_map<Bytes, const Parameter*> index = [] {
        std::unordered_map<Bytes, const Parameter*> out;
        for (const auto& [known, parameter] : parameter_names()) out.emplace(known, parameter);
        return out;
    }();
    const auto found = index.find(lower(name));
    return found == index.end() ? nullptr : found->second;
}

}  // namespace keel
