//! What the person at the keyboard has chosen to see, and what each key makes of that.

use std::time::Duration;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::history::{History, Row};
use super::sample::Id;
use super::sort::{self, Order};

/// Between samples; `+` and `-` go through these.
const INTERVALS: [Duration; 9] = [
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(60),
];
/// Rows that a page key moves by.
const PAGE: usize = 10;

#[derive(Debug)]
pub(super) struct View {
    pub(super) interval: Duration,
    pub(super) order: Order,
    pub(super) is_reversed: bool,
    pub(super) filter: String,
    /// The filter before `/` was pressed, while another is typed.
    pub(super) typing: Option<String>,
    pub(super) is_paused: bool,
    pub(super) shows_help: bool,
    pub(super) shows_details: bool,
    selected: Option<Id>,
    /// Where that is, for when the queue goes.
    line: usize,
}

/// What a key asks for that the view cannot do by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Quit,
    /// As Ctrl-C would, which is only a key here.
    Interrupt,
    /// As Ctrl-Z would.
    Suspend,
    /// To find who has the selected queue open.
    Holders,
}

impl View {
    pub(super) fn new(interval: Duration, order: Order, filter: String) -> Self {
        Self {
            interval,
            order,
            is_reversed: false,
            filter,
            typing: None,
            is_paused: false,
            shows_help: false,
            shows_details: false,
            selected: None,
            line: 0,
        }
    }

    /// The rows to show, and which of them is selected: the same queue as before wherever it is
    /// now, or what has taken its place.
    pub(super) fn rows<'a>(&self, history: &'a History) -> (Vec<&'a Row>, usize) {
        let rows = sort::arranged(history.rows(), &self.filter, self.order, self.is_reversed);
        let same = rows.iter().position(|row| Some(row.seen.id) == self.selected);
        let line = same.unwrap_or(self.line).min(rows.len().saturating_sub(1));
        (rows, line)
    }

    pub(super) fn selected<'a>(&self, history: &'a History) -> Option<&'a Row> {
        let (rows, line) = self.rows(history);
        rows.get(line).copied()
    }

    pub(super) fn press(&mut self, key: KeyEvent, history: &History) -> Option<Wish> {
        if key.kind == KeyEventKind::Release {
            return None;
        }
        // Esc and a key right after it are the same bytes as Alt and the key, which means nothing.
        if key.modifiers.contains(KeyModifiers::ALT) && key.code != KeyCode::Esc {
            let wish = self.press(KeyCode::Esc.into(), history);
            let key = KeyEvent { modifiers: key.modifiers - KeyModifiers::ALT, ..key };
            return wish.or_else(|| self.press(key, history));
        }
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return match key.code {
                KeyCode::Char('c') => Some(Wish::Interrupt),
                KeyCode::Char('z') => Some(Wish::Suspend),
                _ => None,
            };
        }
        if self.typing.is_some() {
            self.edit(key.code);
            return None;
        }
        if std::mem::take(&mut self.shows_help) {
            return None;
        }
        match key.code {
            KeyCode::Char('q') => return Some(Wish::Quit),
            KeyCode::Char('h') => {
                self.shows_details = true;
                return Some(Wish::Holders);
            }
            KeyCode::Char('?') | KeyCode::F(1) => self.shows_help = true,
            KeyCode::Char('/') => self.typing = Some(self.filter.clone()),
            KeyCode::Char('s') => self.order = self.order.next(),
            KeyCode::Char('S') => self.order = self.order.previous(),
            KeyCode::Char('r') => self.is_reversed = !self.is_reversed,
            KeyCode::Char('p' | ' ') => self.is_paused = !self.is_paused,
            KeyCode::Char('+') => self.interval = longer(self.interval),
            KeyCode::Char('-') => self.interval = shorter(self.interval),
            KeyCode::Enter => self.shows_details = !self.shows_details,
            // Back, one step at a time.
            KeyCode::Esc if self.shows_details => self.shows_details = false,
            KeyCode::Esc => self.filter.clear(),
            code => self.walk(code, history),
        }
        None
    }

    /// A key while the filter is typed; what is shown follows at once.
    fn edit(&mut self, code: KeyCode) {
        match code {
            KeyCode::Char(c) => self.filter.push(c),
            KeyCode::Backspace => drop(self.filter.pop()),
            KeyCode::Enter => self.typing = None,
            KeyCode::Esc => self.filter = self.typing.take().unwrap_or_default(),
            _ => {}
        }
    }

    fn walk(&mut self, code: KeyCode, history: &History) {
        let (rows, line) = self.rows(history);
        let last = rows.len().saturating_sub(1);
        let line = match code {
            KeyCode::Up | KeyCode::Char('k') => line.saturating_sub(1),
            KeyCode::Down | KeyCode::Char('j') => line + 1,
            KeyCode::PageUp => line.saturating_sub(PAGE),
            KeyCode::PageDown => line + PAGE,
            KeyCode::Home | KeyCode::Char('g') => 0,
            KeyCode::End | KeyCode::Char('G') => last,
            _ => return,
        };
        self.line = line.min(last);
        self.selected = rows.get(self.line).map(|row| row.seen.id);
    }
}

fn longer(interval: Duration) -> Duration {
    INTERVALS.into_iter().find(|step| *step > interval).unwrap_or(interval)
}

fn shorter(interval: Duration) -> Duration {
    INTERVALS.into_iter().rfind(|step| *step < interval).unwrap_or(interval)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    use super::{View, Wish};
    use crate::commands::top::fixture::{self, Clock};
    use crate::commands::top::history::History;
    use crate::commands::top::sort::Order;

    fn view() -> View {
        View::new(Duration::from_secs(1), Order::Name, String::new())
    }

    fn history(names: &[&str]) -> History {
        let mut history = History::default();
        let queues = names.iter().map(|name| fixture::seen(name, 1, 1, 1)).collect();
        history.add(Clock::start().sample(0, queues));
        history
    }

    /// Presses each; `\n` is Enter, `\x1b` Esc, `\x7f` Backspace.
    fn press(view: &mut View, keys: &str, history: &History) -> Vec<Wish> {
        let code = |key| match key {
            '\n' => KeyCode::Enter,
            '\x1b' => KeyCode::Esc,
            '\x7f' => KeyCode::Backspace,
            key => KeyCode::Char(key),
        };
        keys.chars().filter_map(|key| view.press(code(key).into(), history)).collect()
    }

    fn selected(view: &View, history: &History) -> String {
        view.selected(history).map(|row| row.name.clone()).unwrap_or_default()
    }

    #[test]
    fn the_selection_stays_with_its_queue_and_then_with_its_line() {
        let mut view = view();
        let before = history(&["/b", "/d", "/f"]);
        press(&mut view, "j", &before);
        assert_eq!(selected(&view, &before), "/d");
        assert_eq!(selected(&view, &history(&["/a", "/b", "/c", "/d"])), "/d");
        assert_eq!(selected(&view, &history(&["/b", "/f"])), "/f");
        assert_eq!(selected(&view, &history(&["/b"])), "/b");
        assert_eq!(selected(&view, &history(&[])), "");
    }

    #[test]
    fn no_key_leads_beyond_the_first_or_the_last_row() {
        let history = history(&["/a", "/b", "/c"]);
        let mut view = view();
        for (keys, expected) in [("k", "/a"), ("jjjj", "/c"), ("g", "/a"), ("G", "/c"), ("k", "/b")]
        {
            press(&mut view, keys, &history);
            assert_eq!(selected(&view, &history), expected, "{keys}");
        }
        let nothing = self::history(&[]);
        press(&mut view, "jkgGh\n", &nothing);
        assert_eq!(selected(&view, &nothing), "");
    }

    #[test]
    fn letters_of_a_filter_are_no_commands() {
        let history = history(&["/sq", "/other"]);
        let mut view = view();
        assert_eq!(press(&mut view, "/sqx\x7f", &history), []);
        assert_eq!((view.filter.as_str(), view.order), ("sq", Order::Name));
        assert_eq!(selected(&view, &history), "/sq");
        press(&mut view, "\ns", &history);
        assert_eq!((view.filter.as_str(), view.order), ("sq", Order::Depth));
    }

    #[test]
    fn escape_brings_the_former_filter_back_and_then_clears_it() {
        let history = history(&["/a"]);
        let mut view = view();
        press(&mut view, "/a\n/b\x1b", &history);
        assert_eq!(view.filter, "a");
        press(&mut view, "\n\x1b", &history);
        assert_eq!((view.filter.as_str(), view.shows_details), ("a", false));
        press(&mut view, "\x1b", &history);
        assert_eq!(view.filter, "");
    }

    #[test]
    fn a_key_right_after_escape_is_not_taken_for_another() {
        let history = history(&["/a"]);
        let mut view = view();
        press(&mut view, "/x", &history);
        view.press(KeyEvent::new(KeyCode::Char('s'), KeyModifiers::ALT), &history);
        assert_eq!((view.filter.as_str(), view.typing.is_none()), ("", true));
        assert_eq!(view.order, Order::Depth);
    }

    #[test]
    fn any_key_closes_the_help_and_does_nothing_else() {
        let history = history(&["/a"]);
        let mut view = view();
        press(&mut view, "?", &history);
        assert!(view.shows_help);
        assert_eq!(press(&mut view, "q", &history), []);
        assert!(!view.shows_help);
        assert_eq!(press(&mut view, "q", &history), [Wish::Quit]);
    }

    #[test]
    fn the_interval_has_a_shortest_and_a_longest() {
        let history = history(&[]);
        let mut view = view();
        press(&mut view, "+", &history);
        assert_eq!(view.interval, Duration::from_secs(2));
        press(&mut view, &"+".repeat(20), &history);
        assert_eq!(view.interval, Duration::from_secs(60));
        press(&mut view, &"-".repeat(20), &history);
        assert_eq!(view.interval, Duration::from_millis(100));
    }

    #[test]
    fn the_keys_of_signals_are_taken_for_them_even_in_a_filter() {
        let history = history(&[]);
        let mut view = view();
        press(&mut view, "/", &history);
        for (key, wish) in [('c', Wish::Interrupt), ('z', Wish::Suspend)] {
            let key = KeyEvent::new(KeyCode::Char(key), KeyModifiers::CONTROL);
            assert_eq!(view.press(key, &history), Some(wish));
        }
        assert_eq!(view.filter, "");
    }
}
