mod catalog;
mod golden;
mod interleaving;
mod invoices;
mod orders;
mod random;
mod story;
mod users;
