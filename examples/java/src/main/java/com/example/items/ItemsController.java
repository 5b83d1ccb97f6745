package com.example.items;

import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;

/** The routes. Who may use them is said in {@link Security}. */
@RestController
class ItemsController {
    record NewItem(String name) {}

    record Item(int id, String name) {}

    private final AtomicInteger last = new AtomicInteger();
    private final Map<Integer, Item> items = new ConcurrentSkipListMap<>();

    ItemsController() {
        add("lamp");
    }

    @GetMapping("/notsecret")
    Map<String, String> notSecret() {
        return Map.of("message", "anyone may read this");
    }

    @GetMapping("/items")
    Collection<Item> list() {
        return items.values();
    }

    @PostMapping("/items")
    @ResponseStatus(HttpStatus.CREATED)
    Item create(@RequestBody NewItem wanted) {
        if (wanted.name() == null || wanted.name().isEmpty()) {
            throw new ResponseStatusException(HttpStatus.valueOf(422), "An item has a name");
        }
        return add(wanted.name());
    }

    @DeleteMapping("/items/{id}")
    @ResponseStatus(HttpStatus.NO_CONTENT)
    void delete(@PathVariable int id) {
        if (items.remove(id) == null) {
            throw new ResponseStatusException(HttpStatus.NOT_FOUND, "No such item");
        }
    }

    private Item add(String name) {
        Item item = new Item(last.incrementAndGet(), name);
        items.put(item.id(), item);
        return item;
    }
}
