//! The page behind `?`.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::widgets::{Block, Padding, Paragraph, Wrap};

use super::theme::Theme;

const TEXT: &str = "\
Up Down j k PgUp PgDn g G   select a queue
Enter                       all that is known of it, or less again
h                           find who has it open: looks into every process
/                           show queues with this in their names only
s S                         sort by the next or previous column
r                           reverse the order
p Space                     pause; nothing is looked at meanwhile
+ -                         look less or more often
Esc                         back: close the details, clear the filter
q Ctrl-C                    quit

≥IN/S and ≥OUT/S are lower bounds. The kernel counts no messages: it tells
the depth, the bytes and the second of the last use, and what these cannot
have changed without is counted. What comes and goes between two looks is
not seen, so look more often to see more.

HISTORY is the depth at each look. NOTIFY is how a process is told of a
message (sig10, thread, silent), and its number.";

pub(super) fn draw(frame: &mut Frame, area: Rect, theme: Theme) {
    let block = match area.height {
        0..24 => Block::new(),
        _ => Block::bordered()
            .padding(Padding::horizontal(1))
            .title("keys and columns; any key goes back")
            .title_style(theme.title()),
    };
    frame.render_widget(Paragraph::new(TEXT).wrap(Wrap { trim: false }).block(block), area);
}
