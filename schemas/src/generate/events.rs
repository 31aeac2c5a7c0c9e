//! The enums over all events, and the tables of schemas and examples.

use super::{
    camel, push,
    source::{Schema, Source},
    text,
};

const META: (&str, &str) = (
    "Returns what the event says of itself.",
    "pub fn meta(&self) -> &EventMeta",
);
const EVENT_TYPE: (&str, &str) = (
    "Names the type, without namespace.",
    "pub fn event_type(&self) -> &'static str",
);

pub(super) fn write(out: &mut String, source: &Source) {
    for (aggregate, events) in &source.schemas {
        write_aggregate_event(out, aggregate, events);
    }
    write_aggregate(out, source);
    write_event(out, source);
    write_schemas(out, source);
    write_examples(out, source);
}

/// The enum over the events of one aggregate.
fn write_aggregate_event(out: &mut String, aggregate: &str, events: &[Schema]) {
    let name = format!("{}Event", camel(aggregate));
    push(
        out,
        format_args!(
            "\n/// Everything that happens to one aggregate of type `{aggregate}`.\n#[derive(Clone, Debug, PartialEq)]\npub enum {name} {{\n"
        ),
    );
    for event in events {
        let doc = text(&event.json, "doc");
        push(
            out,
            format_args!("    /// {doc}\n    {0}({0}),\n", event.name),
        );
    }
    push(out, format_args!("}}\n\nimpl {name} {{\n"));
    write_match(out, META, events, |event| {
        format!("Self::{}(event) => &event.meta", event.name)
    });
    out.push('\n');
    write_match(out, EVENT_TYPE, events, |event| {
        format!("Self::{0}(_) => \"{0}\"", event.name)
    });
    out.push_str("}\n");
    for event in events {
        write_from(out, &event.name, &name, &event.name);
    }
}

/// The enum of aggregates.
fn write_aggregate(out: &mut String, source: &Source) {
    let all: Vec<String> = source
        .schemas
        .keys()
        .map(|aggregate| format!("Self::{}", camel(aggregate)))
        .collect();
    out.push_str("\n/// The kinds of aggregates; each has a topic of its own.\n#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]\n#[serde(rename_all = \"snake_case\")]\npub enum Aggregate {\n");
    for aggregate in source.schemas.keys() {
        push(
            out,
            format_args!("    /// `{aggregate}`\n    {},\n", camel(aggregate)),
        );
    }
    push(
        out,
        format_args!(
            "}}\n\nimpl Aggregate {{\n    /// All of them.\n    pub const ALL: [Self; {}] = [{}];\n\n",
            all.len(),
            all.join(", ")
        ),
    );
    write_match(
        out,
        (
            "The name in topics, tables and tokens.",
            "pub fn name(self) -> &'static str",
        ),
        source.schemas.keys(),
        |aggregate| format!("Self::{} => \"{aggregate}\"", camel(aggregate)),
    );
    out.push_str("}\n");
}

/// The enum over all events.
fn write_event(out: &mut String, source: &Source) {
    let names: Vec<String> = source.schemas.keys().map(|name| camel(name)).collect();
    out.push_str(
        "\n/// Any event of the marketplace.\n#[derive(Clone, Debug, PartialEq)]\npub enum Event {\n",
    );
    for (aggregate, name) in source.schemas.keys().zip(&names) {
        push(
            out,
            format_args!("    /// Of one `{aggregate}`.\n    {name}({name}Event),\n"),
        );
    }
    out.push_str("}\n\nimpl Event {\n");
    write_match(out, META, &names, |name| {
        format!("Self::{name}(event) => event.meta()")
    });
    out.push('\n');
    write_match(out, EVENT_TYPE, &names, |name| {
        format!("Self::{name}(event) => event.event_type()")
    });
    out.push('\n');
    write_match(
        out,
        (
            "Says which kind of aggregate it happened to.",
            "pub fn aggregate(&self) -> Aggregate",
        ),
        &names,
        |name| format!("Self::{name}(_) => Aggregate::{name}"),
    );
    out.push('\n');
    write_match(
        out,
        (
            "Place of the event's schema in [`SCHEMAS`].",
            "pub fn schema_index(&self) -> usize",
        ),
        variants(source).enumerate(),
        |(index, (name, event))| format!("Self::{name}({name}Event::{event}(_)) => {index}"),
    );
    out.push('\n');
    write_match(
        out,
        (
            "Appends the event's Avro datum, written with the schema given.",
            "pub(crate) fn write_datum(&self, out: Vec<u8>, config: &mut serde_avro_fast::ser::SerializerConfig<'_>) -> Result<Vec<u8>, serde_avro_fast::ser::SerError>",
        ),
        variants(source),
        |(name, event)| {
            format!(
                "Self::{name}({name}Event::{event}(event)) => serde_avro_fast::to_datum(event, out, config)"
            )
        },
    );
    out.push_str("}\n");
    for name in &names {
        write_from(out, &format!("{name}Event"), "Event", name);
    }
}

fn write_schemas(out: &mut String, source: &Source) {
    out.push_str("\n/// Every schema of this build, in the order of [`Event::schema_index`].\npub const SCHEMAS: &[RegisteredSchema] = &[\n");
    for (aggregate, events) in &source.schemas {
        for event in events {
            push(
                out,
                format_args!(
                    "    RegisteredSchema {{\n        aggregate: Aggregate::{0},\n        event_type: \"{1}\",\n        json: include_str!(\"../avro/{aggregate}/{1}.avsc\"),\n        reader: Reader::of::<{0}Event, {1}>(),\n    }},\n",
                    camel(aggregate),
                    event.name
                ),
            );
        }
    }
    out.push_str("];\n");
}

fn write_examples(out: &mut String, source: &Source) {
    out.push_str("\n/// Full name of the event type and the text of each example.\npub(crate) const EXAMPLES: &[(&str, &str)] = &[\n");
    for (full_name, path) in &source.examples {
        push(
            out,
            format_args!("    (\"{full_name}\", include_str!(\"../{path}\")),\n"),
        );
    }
    out.push_str("];\n");
}

/// Names of aggregate and event of every schema, in the order of `SCHEMAS`.
fn variants(source: &Source) -> impl Iterator<Item = (String, &str)> {
    source.schemas.iter().flat_map(|(aggregate, events)| {
        events
            .iter()
            .map(|event| (camel(aggregate), event.name.as_str()))
    })
}

/// A method that is one `match` over `self`.
fn write_match<T>(
    out: &mut String,
    (doc, signature): (&str, &str),
    items: impl IntoIterator<Item = T>,
    arm: impl Fn(T) -> String,
) {
    push(
        out,
        format_args!("    /// {doc}\n    {signature} {{\n        match self {{\n"),
    );
    for item in items {
        push(out, format_args!("            {},\n", arm(item)));
    }
    out.push_str("        }\n    }\n");
}

fn write_from(out: &mut String, from: &str, to: &str, variant: &str) {
    push(
        out,
        format_args!(
            "\nimpl From<{from}> for {to} {{\n    fn from(event: {from}) -> Self {{\n        Self::{variant}(event)\n    }}\n}}\n"
        ),
    );
}
