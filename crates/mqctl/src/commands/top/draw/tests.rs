//! The screen as it is drawn, at several sizes, without a terminal.

use std::time::Duration;

use posix_mqueue::NotifyMethod;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::KeyCode;
use ratatui::style::{Color, Modifier};

use super::super::example::{self, Clock};
use super::super::history::History;
use super::super::holders::Found;
use super::super::order::Order;
use super::super::sample::{Registered, Seen};
use super::super::users::Users;
use super::super::view::View;
use super::{Paint, Scene, scene};

fn history() -> History {
    let (mut history, clock) = (History::default(), Clock::start());
    let mut bell = example::seen("/bell", 0, 0, 990);
    bell.contents = bell.contents.map(|mut contents| {
        contents.registered =
            Some(Registered { delivery: NotifyMethod::Signal { number: 10 }, pid: Some(4242) });
        contents
    });
    let closed = Seen { contents: None, uid: 65_534, ..example::seen("/closed", 0, 0, 400) };
    for (second, messages) in [(0, 1), (1, 3), (2, 10), (3, 8), (4, 8)] {
        let bytes = 10 * messages as u64;
        let jobs = example::seen("/jobs", messages, bytes, 1_000 + second);
        let queues = vec![bell.clone(), closed.clone(), jobs];
        history.add(clock.sample(u128::from(second) * 1_000, queues));
    }
    history
}

fn view() -> View {
    View::new(Duration::from_secs(1), Order::Name, String::new())
}

fn press(view: &mut View, keys: &str, history: &History) {
    for key in keys.chars() {
        let code = if key == '\n' { KeyCode::Enter } else { KeyCode::Char(key) };
        view.press(code.into(), history);
    }
}

fn drawn(width: u16, height: u16, scene_of: &Scene) -> Buffer {
    let Ok(mut terminal) = Terminal::new(TestBackend::new(width, height));
    let Ok(frame) = terminal.draw(|frame| scene(frame, scene_of));
    frame.buffer.clone()
}

/// With the holders of `/jobs` looked up.
fn screen(width: u16, height: u16, view: &View, history: &History, is_coloured: bool) -> Buffer {
    let jobs = history.rows().find(|row| row.name == "/jobs");
    let holders = jobs.map(|row| Found { id: row.seen.id, text: "python3 4242".to_owned() });
    let users = Users::new(|uid| uid.to_string());
    let paint = Paint { is_coloured };
    let scene =
        Scene { history, view, users: &users, holders: holders.as_ref(), trouble: None, paint };
    drawn(width, height, &scene)
}

fn lines(buffer: &Buffer) -> Vec<String> {
    let width = usize::from(buffer.area.width).max(1);
    let line = |cells: &[ratatui::buffer::Cell]| -> String {
        cells.iter().map(ratatui::buffer::Cell::symbol).collect()
    };
    buffer.content.chunks(width).map(|cells| line(cells).trim_end().to_owned()).collect()
}

#[test]
fn at_80_by_24_all_that_matters_is_there() {
    let lines = lines(&screen(80, 24, &view(), &history(), false));
    assert_eq!(
        lines[..5],
        [
            "mqctl top  3 queues  8 messages  by name  every 1 s",
            "NAME▼                DEPTH     MSGS  ≥IN/S  ≥OUT/S    HISTORY NOTIFY     OWNER",
            "/bell                          0/10      0       0            sig10 4242 0",
            "/closed                           ?      ?       ?            ?          65534",
            "/jobs                ██████▍   8/10      1       1      ▁▂█▆▆ -          0",
        ]
    );
    assert!(lines[5..23].iter().all(String::is_empty));
    assert!(lines[23].starts_with("q quit  ? help") && lines[23].ends_with("+ - pace"));
}

#[test]
fn at_120_by_40_there_is_more_of_it() {
    let lines = lines(&screen(120, 40, &view(), &history(), false));
    assert_eq!(
        lines[1..5],
        [
            "NAME▼                          DEPTH         MSGS  BYTES  ≥IN/S  ≥OUT/S         HISTORY NOTIFY     OWNER   USED",
            "/bell                                        0/10      0      0       0                 sig10 4242 0        14s",
            "/closed                                         ?      ?      ?       ?                 ?          65534    10m",
            "/jobs                          █████████▋    8/10     80      1       1           ▁▂█▆▆ -          0         0s",
        ]
    );
    assert!(lines[39].starts_with("q quit"));
}

#[test]
fn where_there_is_little_room_the_least_columns_go_first() {
    let lines = lines(&screen(24, 5, &view(), &history(), false));
    assert_eq!(
        lines,
        [
            "mqctl top  3 queues  8 m",
            "NAME▼      DEPTH   MSGS",
            "/bell              0/10",
            "/closed               ?",
            "q quit  ? help  / filter",
        ]
    );
}

#[test]
fn the_details_of_the_selected_queue_are_all_that_is_known() {
    let (mut view, history) = (view(), history());
    press(&mut view, "G\n", &history);
    let buffer = screen(80, 24, &view, &history, false);
    let lines = lines(&buffer);
    assert_eq!(
        lines[12..20],
        [
            format!("/jobs{}", "─".repeat(75)).as_str(),
            "owner     0 (0), group 0, mode 0600",
            "contents  8 of 10 messages, 80 bytes; 100 bytes a message at most",
            "traffic   at least 10 in and 3 out since it is watched",
            "notify    nobody",
            "used      0s ago (the last send or receive)",
            "holders   python3 4242",
            "history   ▁▂█▆▆",
        ]
    );
    let is_selected = |y| buffer[(0, y)].modifier.contains(Modifier::REVERSED);
    assert_eq!([2, 3, 4].map(is_selected), [false, false, true]);
    press(&mut view, "k", &history);
    let lines = self::lines(&screen(80, 24, &view, &history, false));
    assert!(lines.iter().any(|line| line == "contents  this user may not read them"));
    assert!(lines.iter().any(|line| line == "holders   press h to look for them"));
}

#[test]
fn a_filter_shows_while_it_is_typed_and_says_if_nothing_matches() {
    let (mut view, history) = (view(), history());
    press(&mut view, "/jo", &history);
    let lines = lines(&screen(80, 24, &view, &history, false));
    assert!(lines[0].contains("1 of 3 queues, with \"jo\""));
    assert!(lines[2].starts_with("/jobs") && lines[3].is_empty());
    assert!(lines[23].starts_with("/jo_"));
    press(&mut view, "x\n", &history);
    assert!(
        self::lines(&screen(80, 24, &view, &history, false))[1].starts_with("no queue matches")
    );
}

#[test]
fn the_mark_of_the_order_and_the_pause_are_seen() {
    let (mut view, history) = (view(), history());
    press(&mut view, "srp", &history);
    let lines = lines(&screen(80, 24, &view, &history, false));
    assert!(lines[0].contains("PAUSED") && lines[0].contains("by depth, reversed"));
    assert!(lines[1].contains("DEPTH▲"));
}

#[test]
fn the_help_fits_80_by_24() {
    let (mut view, history) = (view(), history());
    press(&mut view, "?", &history);
    let lines = lines(&screen(80, 24, &view, &history, false));
    // Wrapped by hand, not in the middle of a line.
    assert!(
        lines
            .iter()
            .any(|line| line.contains("lower bounds. The kernel counts no messages: it tells "))
    );
    assert!(lines.iter().any(|line| line.contains("(sig10, thread, silent), and its number")));
}

#[test]
fn what_went_wrong_is_said_below_what_was_known() {
    let (view, history) = (view(), history());
    let users = Users::new(|uid| uid.to_string());
    let trouble = Some("no descriptor is left");
    let paint = Paint { is_coloured: false };
    let scene =
        Scene { history: &history, view: &view, users: &users, holders: None, trouble, paint };
    let lines = lines(&drawn(80, 24, &scene));
    assert!(lines[4].starts_with("/jobs"));
    assert_eq!(lines[23], "no descriptor is left");
}

#[test]
fn without_colour_there_is_no_colour() {
    let (view, history) = (view(), history());
    let has_colour = |is_coloured| {
        let buffer = screen(80, 24, &view, &history, is_coloured);
        buffer.content.iter().any(|cell| (cell.fg, cell.bg) != (Color::Reset, Color::Reset))
    };
    assert!(has_colour(true));
    assert!(!has_colour(false));
}

#[test]
fn no_size_is_too_small_for_any_view() {
    let history = history();
    for keys in ["", "\n", "?", "/bell", "/x\n", "G\n"] {
        let mut view = view();
        press(&mut view, keys, &history);
        for width in (0..24).chain([40, 79, 80, 200]) {
            for height in (0..14).chain([24, 60]) {
                screen(width, height, &view, &history, true);
            }
        }
        screen(80, 24, &view, &History::default(), true);
    }
}
