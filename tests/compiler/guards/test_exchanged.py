"""Code and classes that are exchanged in place are noticed, as a notebook exchanges them."""

from tests.compiler.guards.watching import Bag, guards_of


def test_code_that_is_exchanged_while_its_function_stays():
    """As a notebook does that reloads modules (`%autoreload`)."""

    def helper():
        return 2

    guards = guards_of(lambda: helper() * 2)
    was, helper.__code__ = helper.__code__, (lambda: 3).__code__
    assert guards.changed() == "helper has other code than before"
    helper.__code__ = was
    assert guards.changed() is None


def test_a_method_whose_code_is_exchanged():
    class Model:
        def forward(self, x):
            return x + 1

    model = Model()
    guards = guards_of(lambda: model.forward(1))
    Model.forward.__code__ = (lambda self, x: x + 2).__code__
    assert guards.changed() == "model.forward has other code than before"


def test_an_object_that_becomes_one_of_another_class():
    """As the objects of a class do whose module is reloaded."""

    class Old:
        def scaled(self, x):
            return 2 * x

    class New:
        def scaled(self, x):
            return 3 * x

    bag = Bag(child=Old())
    guards = guards_of(lambda: bag.child.scaled(1))
    bag.child.__class__ = New
    assert guards.changed() == "bag.child is of another class than before"
    bag.child.__class__ = Old
    assert guards.changed() is None


def test_an_object_that_claims_to_be_of_another_class_is_unchanged():
    class Mock:
        @property
        def __class__(self):
            return type("Anything", (), {})

        def __call__(self, x):
            return x

    mock = Mock()
    guards_of(lambda: mock(1))
