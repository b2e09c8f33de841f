"""Small guests with page tables, for the tests of page walks."""

from dataclasses import dataclass, field

from vmwidgets.model.page_tables import EptTables, GuestPages, GuestTables, SparseMemory
from vmwidgets.model.translation import Walker
from vmwidgets.model.translation_caches import Caches


@dataclass
class World:
    """A guest of so many levels on a second stage of so many levels; 0 levels: no tables in that dimension."""

    guest_levels: int
    host_levels: int
    host_leaf: int = 1
    caches: Caches = field(default_factory=Caches)

    def __post_init__(self):
        self.machine = SparseMemory()
        self.ept = EptTables(self.machine, self.host_levels, self.machine.allocate) if self.host_levels else None
        self.pages = GuestPages(self.machine, self.ept, self.host_leaf)
        self.next_page = 0
        self.tables = GuestTables(self.pages, self.guest_levels, self.allocate) if self.guest_levels else None
        root = self.tables.root if self.tables else 0
        self.walker = Walker(self.machine, root, self.guest_levels, self.ept, self.caches)

    def allocate(self) -> int:
        self.next_page += 1
        return self.next_page << 12

    def map(self, address, target=None, **options):
        target = self.allocate() if target is None else target
        if self.tables:
            self.tables.map(address, target, **options)
        else:
            target = address
        return self.pages.back(target)

    def walk(self, address, **options):
        return self.walker.walk(address, **options)
