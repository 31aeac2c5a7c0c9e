//! The catalog, order, invoice and user projections: pure.
