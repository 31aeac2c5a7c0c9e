use proptest::prelude::*;
use souk_schemas::{ListingEvent, Stock};

use super::{drafted, order, price};
use crate::{
    Context,
    listing::{AdjustStock, Listing, ListingError},
};

#[derive(Clone, Debug)]
enum Command {
    Publish,
    Pause,
    Resume,
    Withdraw,
    Price(i64),
    Stock(i64),
    Reserve(u128, i64),
    Release(u128),
    Sell(u128),
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        2 => Just(Command::Publish),
        1 => Just(Command::Pause),
        2 => Just(Command::Resume),
        1 => (0..20_u8).prop_map(|dice| if dice == 0 { Command::Withdraw } else { Command::Resume }),
        1 => (-1..5_i64).prop_map(Command::Price),
        2 => (-1..12_i64).prop_map(Command::Stock),
        6 => (0..6_u128, 0..5_i64).prop_map(|(order, quantity)| Command::Reserve(order, quantity)),
        3 => (0..6_u128).prop_map(Command::Release),
        3 => (0..6_u128).prop_map(Command::Sell),
    ]
}

fn carry_out(
    listing: &Listing,
    ctx: &mut Context,
    command: &Command,
) -> Result<Vec<ListingEvent>, ListingError> {
    match *command {
        Command::Publish => listing.publish(ctx),
        Command::Pause => listing.pause(ctx),
        Command::Resume => listing.resume(ctx),
        Command::Withdraw => listing.withdraw(ctx),
        Command::Price(amount_minor) => listing.change_price(ctx, price(amount_minor)),
        Command::Stock(quantity) => listing.adjust_stock(ctx, &AdjustStock { quantity }),
        Command::Reserve(number, quantity) => listing.reserve(ctx, order(number), quantity),
        Command::Release(number) => listing.release_reservation(ctx, order(number)),
        Command::Sell(number) => listing.commit_sale(ctx, order(number)),
    }
}

proptest! {
    #[test]
    fn no_commands_ever_oversell_a_listing(commands in prop::collection::vec(command(), 0..80)) {
        let mut story = drafted();
        for command in &commands {
            let _refused = story.attempt(|listing, ctx| carry_out(listing, ctx, command));
            let offer = story.state.offer().unwrap();
            let Stock { quantity, reserved, sold } = offer.stock;
            prop_assert!(reserved >= 0 && sold >= 0 && reserved + sold <= quantity);
            prop_assert_eq!(offer.reservations.values().sum::<i64>(), reserved);
            prop_assert!(offer.price.amount_minor > 0);
        }
        story.end();
    }
}
