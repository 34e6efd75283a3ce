# shellcheck shell=bash
# Links that somebody planted lead to what is as it was.

with_links() {
    local name
    [[ links == *"$only"* ]] || return 0
    # shellcheck disable=SC2046 # words
    machine sh -c '. /root/tools.sh
        mkdir -m 700 /srv/victims
        for name; do
            mkdir -p /srv/links/$name
            case $name in
            file_*folder | file_recurse) mkdir /srv/victims/$name; echo secret >/srv/victims/$name/inside; ln -s /srv/victims/$name /srv/links/$name/f ;;
            unarchive*) mkdir /srv/victims/$name; echo secret >/srv/victims/$name/inside; ln -s /srv/victims/$name /srv/links/$name/archive ;;
            synchronize)
                mkdir /srv/victims/$name /srv/links/$name/f; echo secret >/srv/victims/$name/two; echo secret >/srv/victims/one
                ln -s /srv/victims/$name /srv/links/$name/f/sub; ln -s /srv/victims/one /srv/links/$name/f/one ;;
            *) echo secret >/srv/victims/$name; chmod 600 /srv/victims/$name; ln -s /srv/victims/$name /srv/links/$name/f ;;
            esac
            echo new >/srv/links/$name/g
        done
        mkdir -p /srv/links/assemble/parts && echo new >/srv/links/assemble/parts/1
        chown -hR ops:ops /srv/links' - $(labels "$faults/roles/replacers/tasks/main.yml")
    machine sh -c '. /root/tools.sh; cd /srv/victims; paths' >"$scratch/victims.old"
    play links replacers.yml /srv/links
    machine sh -c '. /root/tools.sh; cd /srv/victims; paths' >"$scratch/victims.new"
    diff "$scratch/victims.old" "$scratch/victims.new" >"$scratch/links.wrong"
    cat "$scratch/links.tasks" >>"$scratch/links.wrong"
    if cmp -s "$scratch/victims.old" "$scratch/victims.new"; then
        echo "ok      links: what they lead to is as it was, $(wc -l <"$scratch/links.tasks") tasks ($SECONDS s)"
    else
        failed 'links: what they lead to is as it was' "$scratch/links.wrong"
    fi
}
