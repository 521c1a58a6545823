//! The help page of the `?` key.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::widgets::{Block, Padding, Paragraph, Wrap};

use super::theme::Theme;

const TEXT: &str = "\
Up Down j k PgUp PgDn g G   select a queue
Enter                       show or hide the details
h                           find the processes that have the queue open
/                           show only queues whose names contain a text
s S                         sort by the next or previous column
r                           reverse the order
p Space                     pause sampling
+ -                         lengthen or shorten the interval
Esc                         go back: close the details, clear the filter
q Ctrl-C                    quit

≥IN/S and ≥OUT/S are lower bounds, because the kernel does not count
messages. They are derived from the depth, the bytes and the second of the
last use. Messages that are sent and received between two samples are not
seen; a shorter interval shows more of them.

HISTORY is the depth at each sample. NOTIFY is how a process is notified
(sig10, thread, silent), and its process id.";

pub(super) fn draw(frame: &mut Frame, area: Rect, theme: Theme) {
    let block = match area.height {
        0..24 => Block::new(),
        _ => Block::bordered()
            .padding(Padding::horizontal(1))
            .title("keys and columns; press any key to close")
            .title_style(theme.title()),
    };
    frame.render_widget(Paragraph::new(TEXT).wrap(Wrap { trim: false }).block(block), area);
}
