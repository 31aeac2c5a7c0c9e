/// The processors whose documents are served here; each endpoint names the one it waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Processor {
    Catalog,
    Orders,
    Invoices,
    Users,
}

impl Processor {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Catalog => "catalog",
            Self::Orders => "orders",
            Self::Invoices => "invoices",
            Self::Users => "users",
        }
    }

    /// Says whether the processor's documents show anything of an aggregate. A token of another aggregate has nothing to wait for.
    pub(crate) fn reads(self, aggregate: &str) -> bool {
        let aggregates: &[&str] = match self {
            Self::Catalog => &["listing", "taxonomy", "user"],
            Self::Orders => &["order", "payment", "user"],
            Self::Invoices => &["order", "payment", "user", "account"],
            Self::Users => &["user", "account"],
        };
        aggregates.contains(&aggregate)
    }

    /// The processors an event passes on its way into the documents: they are as fresh as the slowest of these.
    pub(crate) const fn stages(self) -> &'static [&'static str] {
        match self {
            Self::Catalog => &["catalog"],
            Self::Orders => &["orders"],
            Self::Invoices => &["invoice-entries", "invoices"],
            Self::Users => &["users"],
        }
    }
}
