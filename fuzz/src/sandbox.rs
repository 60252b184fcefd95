//! What the targets for the sandbox share: calls made of the fuzzer's bytes, and what must hold of every answer.

mod change;
mod control;
mod documented;
mod player;
mod raw;
mod socket;
mod text;

use std::cell::RefCell;

pub use control::play_control;
pub use documented::Vendor;
pub use player::Player;
pub use socket::play_socket;

/// Plays an input on a sandbox that is as it was when it started.
///
/// # Panics
/// If the sandbox does, or answers what it must not.
pub fn play(vendor: Vendor, data: &[u8]) {
    let settings = || Player::new(Player::settings(), &[vendor]);
    with_kept(settings, |player| {
        player.play(data);
        // Not each time, since it takes longer than the calls do.
        if data.len().is_multiple_of(16) {
            player.check_state();
        }
    });
}

/// Hands out the one sandbox of this process, and brings it back to its start afterwards.
fn with_kept(make: impl FnOnce() -> Option<Player>, play: impl FnOnce(&mut Player)) {
    thread_local! {
        static KEPT: RefCell<Option<(Player, String)>> = const { RefCell::new(None) };
    }
    KEPT.with_borrow_mut(|kept| {
        let (player, fresh) = kept.get_or_insert_with(|| {
            let player = make().expect("a sandbox");
            let fresh = player.state();
            (player, fresh)
        });
        play(player);
        player.restore(fresh);
    });
}
