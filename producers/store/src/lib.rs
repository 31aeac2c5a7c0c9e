//! Event store and guard tables on MySQL.
