"""What a traced function read from Python, and whether it is still the same.

Reading order:

    watch        notes the code that runs while a function is traced
    mentions     the names in that code: it can only have read what it mentions
    search       follows references from the function to what it can have read
    looking      at a value without calling the user's code: which guard suits it
    assignments  what the function assigned meanwhile
    place        a place where a value was found, and how to read it again
    held         what was there, and how to compare it; `containers` does it for containers
    many         many tensors compared at once
    unreported   what does not report its changes and is checked before every call
    check        all guards as one generated function
"""
