use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use serde_json::Value;

/// Which of our crates a crate may be built on. Tests may also use `souk-stack`, and the relay's tests the store.
const ALLOWED: &[(&str, &[&str])] = &[
    ("souk-schemas", &[]),
    ("souk-platform", &[]),
    ("souk-stack", &[]),
    ("souk-payments", &[]),
    ("souk-domain", &["souk-schemas"]),
    (
        "souk-store",
        &["souk-domain", "souk-schemas", "souk-platform"],
    ),
    (
        "souk-command-api",
        &[
            "souk-store",
            "souk-domain",
            "souk-payments",
            "souk-schemas",
            "souk-platform",
        ],
    ),
    ("souk-relay", &["souk-schemas", "souk-platform"]),
    ("souk-runtime", &["souk-schemas", "souk-platform"]),
    ("souk-documents", &["souk-platform"]),
    (
        "souk-projections",
        &["souk-runtime", "souk-documents", "souk-schemas"],
    ),
    ("souk-query-api", &["souk-documents", "souk-platform"]),
];

/// What `deny.toml` allows, for machines without cargo-deny.
const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "OpenSSL",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Single crates under another licence, as in `deny.toml`; docs/decisions says why.
const EXCEPTIONS: &[(&str, &str)] = &[("serde_serializer_quick_unsupported", "LGPL-3.0-only")];

/// TLS is rustls: these would make a build need a system's OpenSSL.
const FORBIDDEN: &[&str] = &["native-tls", "openssl"];

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--manifest-path",
        ])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON")
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[test]
fn our_crates_depend_on_each_other_in_one_direction_only() {
    let metadata = metadata();
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.iter().copied().collect();
    let mut forbidden = Vec::new();
    for package in array(&metadata["packages"]).filter(|package| package["source"].is_null()) {
        let name = package["name"].as_str().expect("a package has a name");
        if name == "souk" {
            continue;
        }
        let Some(may_use) = allowed.get(name) else {
            forbidden.push(format!("{name} is not in the table of this test"));
            continue;
        };
        for dependency in array(&package["dependencies"]) {
            let to = dependency["name"]
                .as_str()
                .expect("a dependency has a name");
            let of_tests = dependency["kind"] == "dev"
                && ["souk-stack", "souk-store", "souk-schemas"].contains(&to);
            if to.starts_with("souk") && !may_use.contains(&to) && !of_tests {
                forbidden.push(format!("{name} -> {to}"));
            }
        }
    }
    assert!(
        forbidden.is_empty(),
        "forbidden arrows, see docs/ARCHITECTURE.md: {forbidden:#?}"
    );
}

#[test]
fn every_dependency_has_a_licence_we_may_use() {
    let metadata = metadata();
    let mut refused = BTreeSet::new();
    for package in array(&metadata["packages"]) {
        let name = package["name"].as_str().unwrap_or_default();
        let licence = package["license"].as_str().unwrap_or_default();
        if !is_allowed(licence) && !EXCEPTIONS.contains(&(name, licence)) {
            refused.insert(format!("{name}: {licence:?}"));
        }
    }
    assert!(refused.is_empty(), "not in deny.toml: {refused:#?}");
}

#[test]
fn no_build_needs_the_openssl_of_a_system() {
    let metadata = metadata();
    let used: BTreeSet<&str> = array(&metadata["resolve"]["nodes"])
        .filter_map(|node| node["id"].as_str())
        .filter(|id| {
            FORBIDDEN
                .iter()
                .any(|name| id.contains(&format!("#{name}@")))
        })
        .collect();
    assert!(used.is_empty(), "{used:?}");
}

/// `A OR B` needs one of them, `A AND B` both; parentheses bind first.
fn is_allowed(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ");
    let expression = expression.trim();
    if let Some(inner) = expression
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
        && !inner.contains(['(', ')'])
    {
        return is_allowed(inner);
    }
    for (operator, all) in [(" AND ", true), (" OR ", false)] {
        let parts = split_outside_parentheses(expression, operator);
        if parts.len() > 1 {
            return if all {
                parts.iter().all(|part| is_allowed(part))
            } else {
                parts.iter().any(|part| is_allowed(part))
            };
        }
    }
    LICENCES.contains(&expression)
}

fn split_outside_parentheses(expression: &str, operator: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0;
    for word in expression.split_inclusive(' ') {
        depth += word.matches('(').count();
        if depth == 0 && word.trim() == operator.trim() {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push_str(word);
        }
        depth = depth.saturating_sub(word.matches(')').count());
    }
    parts.iter().map(|part| part.trim().to_owned()).collect()
}

#[test]
fn a_licence_expression_is_read_as_it_is_meant() {
    for (expression, allowed) in [
        ("MIT", true),
        ("MIT/Apache-2.0", true),
        ("GPL-3.0", false),
        ("GPL-3.0 OR MIT", true),
        ("(MIT OR GPL-3.0) AND Unicode-3.0", true),
        ("MIT AND GPL-3.0", false),
        ("", false),
    ] {
        assert_eq!(is_allowed(expression), allowed, "{expression}");
    }
}
