//! Queries over OpenSearch: search, listings, orders, invoices, users.
